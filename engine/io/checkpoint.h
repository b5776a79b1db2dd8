#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/data/image_set.h"
#include "engine/io/safetensors.h"
#include "engine/nn/network.h"

namespace cucurbit {

/// The description in a checkpoint: what is needed to rebuild the network and to prepare its inputs.
struct CheckpointInfo {
  std::string model;  // registry name
  Shape image;        // [H, W, C]
  float drop = 0;
  std::vector<std::string> class_names;
  ChannelStatistics normalization;
  int64_t epochs = 0;
  double seconds = 0;  // of training
  int64_t parameters = 0;
};

/// Writes all parameters (masters, f32) and buffers as safetensors, the info as metadata; atomically.
void save_checkpoint(const std::filesystem::path& path, const Network& network, const CheckpointInfo& info);

/// Reads the description without building a network. Throws Error input for a file that save_checkpoint did not write.
CheckpointInfo read_checkpoint_info(const std::filesystem::path& path);

/// Fills the parameters and buffers of the network. Tensors named "training.*" are skipped. Throws Error input naming
/// the first tensor that is missing, unexpected or of another shape; then the network is unchanged.
void load_checkpoint(const std::filesystem::path& path, Network& network);

/// The parts of save_checkpoint and load_checkpoint, from which training states are built too.
struct NamedTensor {
  std::string name;
  Tensor tensor;
};
Metadata checkpoint_metadata(const Network& network, const CheckpointInfo& info);
void write_tensors(const std::filesystem::path& path, const std::vector<NamedTensor>& items, const Metadata& metadata);
void fill_tensors(const SafetensorsFile& file, const std::vector<NamedTensor>& items);

}  // namespace cucurbit
