#pragma once

#include <filesystem>

#include "distill/run/data.h"
#include "engine/io/checkpoint.h"

namespace cucurbit {

/// The network that `spec` asks for, for these images and classes, with pretrained weights if it asks for these. Warns
/// if the classifier was none of them.
Network make_network(const RunSpec& spec, const RunData& data, const RunObserver& observer);

/// A network rebuilt from a weights file, in inference.
struct LoadedNetwork {
  CheckpointInfo info;
  Network network;
};
LoadedNetwork load_network(const std::filesystem::path& weights, DType compute);

}  // namespace cucurbit
