#pragma once

#include <filesystem>

#include "engine/io/checkpoint.h"
#include "engine/train/fit.h"

namespace cucurbit {

/// Writes everything that a training needs to go on bit by bit as if it had not stopped: weights, buffers, the
/// optimiser's state, the moving average, the position and the record; atomically. The file is a checkpoint as well
/// (load_checkpoint), holding the weights to evaluate: the moving average where there is one. What only training needs
/// has names that begin with "training.".
void save_training_state(const std::filesystem::path& path, const CheckpointInfo& info, const Trainer& trainer,
                         const TrainingRecord& record);

/// Puts `trainer` and its networks where the file says, and returns the record. Throws Error input, before anything is
/// changed, for a file without a training state or one of another model, optimiser, seed or number of images a step.
TrainingRecord load_training_state(const std::filesystem::path& path, Trainer& trainer);

}  // namespace cucurbit
