#pragma once

#include <filesystem>

#include "engine/io/checkpoint.h"

namespace cucurbit {

/// A network with the weights of a checkpoint, and what the checkpoint says of it.
struct LoadedNetwork {
  CheckpointInfo info;
  Network network;
};

/// Builds the model that the checkpoint names, for its images and classes, and loads its weights; it computes in
/// `compute`. Throws Error as read_checkpoint_info, build_model and load_checkpoint.
LoadedNetwork load_network(const std::filesystem::path& checkpoint, DType compute);

}  // namespace cucurbit
