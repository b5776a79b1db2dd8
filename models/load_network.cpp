#include "models/load_network.h"

#include "models/registry.h"

namespace cucurbit {

LoadedNetwork load_network(const std::filesystem::path& checkpoint, DType compute) {
  CheckpointInfo info = read_checkpoint_info(checkpoint);
  const auto classes = int64_t(info.class_names.size());
  ModulePtr module = build_model(info.model, {.image = info.image, .classes = classes, .drop = info.drop});
  constexpr uint64_t kSeed = 0;  // of initial weights, all of which are overwritten
  Network network(info.model, std::move(module), info.image, classes, compute, kSeed);
  load_checkpoint(checkpoint, network);
  return {std::move(info), std::move(network)};
}

}  // namespace cucurbit
