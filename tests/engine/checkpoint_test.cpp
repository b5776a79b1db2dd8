#include "engine/io/checkpoint.h"

#include <gtest/gtest.h>

#include <fstream>

#include "engine/io/safetensors.h"
#include "engine/nn/layers.h"
#include "kernels/error.h"
#include "support/expect_error.h"
#include "support/temporary_folder.h"

namespace cucurbit {
namespace {

namespace fs = std::filesystem;

ModulePtr layers(int64_t width) {
  auto net = std::make_unique<Sequential>();
  net->emplace<Conv2d>(1, width, Conv2d::Options{.kernel = 3, .geometry = {.padding = 1}});
  net->emplace<BatchNorm2d>(width, Activation::relu);
  net->emplace<GlobalAveragePool>();
  net->emplace<Linear>(width, 3);
  return net;
}

Network network_of(int64_t width, uint64_t seed, DType compute = DType::f32) {
  return Network("test", layers(width), {4, 4, 1}, 3, compute, seed);
}

CheckpointInfo info() {
  return {.model = "test",
          .image = {4, 4, 1},
          .drop = 0.5f,
          .class_names = {"a", "b", "c"},
          .normalization = {{0.5}, {0.25}},
          .epochs = 3,
          .seconds = 1.5};
}

class CheckpointTest : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  fs::path path_ = folder_.path() / "net.safetensors";

  /// The message of the Error that loading throws.
  std::string refusal(Network& network) {
    return test::expect_error(ErrorKind::input, {}, [&] { load_checkpoint(path_, network); });
  }
};

TEST_F(CheckpointTest, RoundTripsEverything) {
  Network saved = network_of(4, 1), loaded = network_of(4, 2);
  save_checkpoint(path_, saved, info());
  load_checkpoint(path_, loaded);
  EXPECT_EQ(saved.store().masters().to_host<float>(), loaded.store().masters().to_host<float>());
  const CheckpointInfo read = read_checkpoint_info(path_);
  EXPECT_EQ(read.model, "test");
  EXPECT_EQ(read.class_names, info().class_names);
  EXPECT_EQ(read.normalization.mean, info().normalization.mean);
  EXPECT_EQ(read.image, info().image);
  EXPECT_EQ(read.parameters, saved.parameter_count());
}

TEST_F(CheckpointTest, RefreshesTheShadowOfABf16Network) {
  Network saved = network_of(4, 1), loaded = network_of(4, 2, DType::bf16);
  save_checkpoint(path_, saved, info());
  load_checkpoint(path_, loaded);
  const auto masters = loaded.store().masters().to_host<float>();
  const auto low_precision_copy = loaded.store().low_precision_copy().to_host<bf16>();
  for (size_t i = 0; i < masters.size(); ++i)
    EXPECT_EQ(__bfloat162float(low_precision_copy[i]), __bfloat162float(__float2bfloat16(masters[i])));
}

TEST_F(CheckpointTest, AnotherShapeIsRefusedAndChangesNothing) {
  Network saved = network_of(4, 1), other = network_of(5, 2);
  save_checkpoint(path_, saved, info());
  const auto before = other.store().masters().to_host<float>();
  const std::string message = refusal(other);
  EXPECT_NE(message.find("net.safetensors"), std::string::npos) << message;
  EXPECT_NE(message.find("0.weight"), std::string::npos) << message;
  EXPECT_EQ(before, other.store().masters().to_host<float>());
}

TEST_F(CheckpointTest, TensorsThatTheModelDoesNotHaveAreRefused) {
  Network saved = network_of(4, 1), loaded = network_of(4, 2);
  save_checkpoint(path_, saved, info());
  const SafetensorsFile file = SafetensorsFile::read(path_);
  std::vector<TensorView> tensors = file.tensors();
  tensors.push_back(tensors.front());
  tensors.back().name = "9.weight";
  write_safetensors(path_, tensors, file.metadata());
  const std::string message = refusal(loaded);
  EXPECT_NE(message.find("'9.weight'"), std::string::npos) << message;
}

TEST_F(CheckpointTest, EveryTruncationIsRefused) {
  Network saved = network_of(64, 1);
  save_checkpoint(path_, saved, info());
  const auto size = fs::file_size(path_);
  for (uintmax_t length = 0; length < size; length += 4096) {
    save_checkpoint(path_, saved, info());
    fs::resize_file(path_, length);
    EXPECT_FALSE(refusal(saved).empty()) << "cut to " << length;
  }
}

TEST_F(CheckpointTest, FlippedBitsAreRefused) {
  Network saved = network_of(8, 1);
  save_checkpoint(path_, saved, info());
  const auto size = fs::file_size(path_);
  for (uintmax_t at = 0; at < size; at += size / 50) {
    save_checkpoint(path_, saved, info());
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(std::streamoff(at));
    const char byte = char(file.get() ^ 0x10);
    file.seekp(std::streamoff(at));
    file.put(byte);
    file.close();
    EXPECT_FALSE(refusal(saved).empty()) << "byte " << at;
  }
}

}  // namespace
}  // namespace cucurbit
