// A checkpoint rebuilds the network that it was saved from.
#include "models/load_network.h"

#include <gtest/gtest.h>

#include "models/registry.h"
#include "support/hash.h"
#include "support/hashed_network.h"
#include "support/temporary_folder.h"

namespace cucurbit::test {
namespace {

const Shape kImage{12, 12, 1};
const std::vector<std::string> kClasses{"cat", "dog", "cow"};

Network hashed_network(const std::string& model) {
  Network network(model, build_model(model, {.image = kImage, .classes = 3, .drop = 0.25f}), kImage, 3, DType::f32, 7);
  load_hashed_weights(network);
  return network;
}

CheckpointInfo info_of(const std::string& model) {
  return {.model = model,
          .image = kImage,
          .drop = 0.25f,
          .class_names = kClasses,
          .normalization = {.mean = {0.5}, .stddev = {0.25}}};
}

std::vector<float> logits_of(Network& network) {
  std::vector<float> images;
  for (const uint8_t byte : hashed_bytes(size_t(4 * kImage.size()), 1)) images.push_back(float(byte) / 255);
  return network.forward(Tensor::from_host(images, {4, 12, 12, 1})).to_host<float>();
}

TEST(LoadNetwork, ComputesAsTheNetworkThatWasSaved) {
  const TemporaryFolder folder;
  for (const char* model : {"mlp:20", "convnet:4"}) {
    Network network = hashed_network(model);
    save_checkpoint(folder / "weights.safetensors", network, info_of(model));
    LoadedNetwork loaded = load_network(folder / "weights.safetensors", DType::f32);
    EXPECT_EQ(loaded.info.model, model);
    EXPECT_EQ(loaded.info.class_names, kClasses);
    EXPECT_EQ(loaded.network.classes(), 3);
    EXPECT_EQ(loaded.network.input(), kImage);
    EXPECT_EQ(logits_of(loaded.network), logits_of(network)) << model;
  }
}

TEST(LoadNetwork, RefusesAnUnknownModel) {
  const TemporaryFolder folder;
  save_checkpoint(folder / "weights.safetensors", hashed_network("mlp:20"), info_of("mlq:20"));
  expect_error(ErrorKind::usage, {"mlq:20", "did you mean 'mlp'"},
               [&] { load_network(folder / "weights.safetensors", DType::f32); });
}

TEST(LoadNetwork, RefusesTheWeightsOfAnotherModel) {
  const TemporaryFolder folder;
  save_checkpoint(folder / "weights.safetensors", hashed_network("mlp:20"), info_of("mlp:30"));
  expect_error(ErrorKind::input, {"weights.safetensors", "the model from which it was saved"},
               [&] { load_network(folder / "weights.safetensors", DType::f32); });
}

}  // namespace
}  // namespace cucurbit::test
