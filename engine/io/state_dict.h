#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "engine/io/safetensors.h"
#include "engine/nn/network.h"

/// Weights as PyTorch lays them out: filters [K, C, R, S], linear layers behind a flattened map with inputs counted as
/// [C, H, W]. Models name their tensors as torchvision and the definitions they come from do, so there is no table of
/// names.
namespace cucurbit {

/// A parameter or buffer as a PyTorch state dict has it.
struct StateDictEntry {
  std::string name;
  Shape shape;
};
std::vector<StateDictEntry> state_dict_entries(const Network& network);

/// Fills the network's parameters and buffers from f32, bf16 or f64 tensors. Entries "num_batches_tracked" are ignored,
/// and a prefix "module." that all names have.
///
/// If the classifier (the last linear layer) is there for another number of classes, it stays as it is, and its
/// tensors' names are returned; else nothing is. Throws Error input, naming the tensor and `source`, for any other
/// tensor that is missing, unexpected or of another shape; the network is unchanged then.
std::vector<std::string> load_state_dict(std::span<const TensorView> tensors, const std::string& source,
                                         Network& network);
/// The same from a safetensors file.
std::vector<std::string> load_state_dict(const std::filesystem::path& path, Network& network);

/// Writes all parameters (masters) and buffers as f32 safetensors, atomically.
void save_state_dict(const std::filesystem::path& path, const Network& network);

}  // namespace cucurbit
