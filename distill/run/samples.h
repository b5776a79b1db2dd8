#pragma once

// Pictures of what a network sees, and of what it mistakes, for the folder samples/ of a run.

#include <filesystem>

#include "distill/run/data.h"

namespace cucurbit {

/// Draws the first training batch, at most 40 images, as augmented and brought back from its normalisation; below each
/// its class, of mixed images both with their shares.
void write_first_batch(const std::filesystem::path& png, const RunData& data, const TrainOptions& options);

/// The images of the validation set that `network` classifies wrongly, the most confident errors first, at most 40: a picture,
/// with the true and the predicted class below each image, and a CSV of the same order, whose samples are files or
/// positions in the set. Without a mistake there is no picture.
void write_mistakes(const std::filesystem::path& png, const std::filesystem::path& csv, Network& network,
                    const RunData& data, const EvaluationOptions& options);

}  // namespace cucurbit
