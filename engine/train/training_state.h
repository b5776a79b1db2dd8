#pragma once

#include <filesystem>

#include "engine/io/checkpoint.h"
#include "engine/train/fit.h"

namespace cucurbit {

/// Writes everything that training needs to be resumed bit for bit: weights, buffers, the optimiser's state, the moving
/// average, the position and the record; atomically. The file is also a checkpoint (load_checkpoint) with the weights
/// to evaluate: the moving average if there is one. Tensors that only training needs have names that begin with
/// "training.".
void save_training_state(const std::filesystem::path& path, const CheckpointInfo& info, const Trainer& trainer,
                         const TrainingRecord& record);

/// Restores `trainer` and its networks from the file and returns the record. Throws Error input, before anything is
/// changed, for a file without a training state, or with one of another model, optimiser, seed, batch size or number of
/// micro-batches per step.
TrainingRecord load_training_state(const std::filesystem::path& path, Trainer& trainer);

}  // namespace cucurbit
