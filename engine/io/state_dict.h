#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "engine/io/safetensors.h"
#include "engine/nn/network.h"

// Weights in the layout of PyTorch: filters are [K, C, R, S], and a linear layer behind a flattened map counts its
// inputs as [C, H, W]. Models name their tensors as torchvision and the definitions they come from do, so no table of
// names is needed.
namespace cucurbit {

/// A parameter or buffer in a PyTorch state dict.
struct StateDictEntry {
  std::string name;
  Shape shape;
};
std::vector<StateDictEntry> state_dict_entries(const Network& network);

/// Fills the network's parameters and buffers from f32, bf16 or f64 tensors. Entries "num_batches_tracked" are ignored,
/// and a prefix "module." that all names have.
///
/// If the classifier (the last linear layer) has another number of classes, the network keeps its own, and the names of
/// the tensors that were not loaded are returned; otherwise the result is empty. Throws Error input, naming the tensor
/// and `source`, for any other tensor that is missing, unexpected or of another shape; then the network is unchanged.
std::vector<std::string> load_state_dict(std::span<const TensorView> tensors, const std::string& source,
                                         Network& network);
/// The same from a safetensors file.
std::vector<std::string> load_state_dict(const std::filesystem::path& path, Network& network);

/// Writes all parameters (masters) and buffers as f32 safetensors, atomically.
void save_state_dict(const std::filesystem::path& path, const Network& network);

}  // namespace cucurbit
