#include "engine/io/state_dict.h"

#include <gtest/gtest.h>

#include <cstring>

#include "engine/nn/layers.h"
#include "kernels/error.h"
#include "support/temporary_folder.h"

namespace cucurbit {
namespace {

/// A convolution of 2 channels to `width`, norm, 3 x 2 map flattened, `classes` outputs.
ModulePtr layers(int64_t width, int64_t classes) {
  auto net = std::make_unique<Sequential>();
  net->add(std::make_unique<Conv2d>(2, width, Conv2d::Options{.kernel = 3, .geometry = {.padding = 1}}), "conv");
  net->add(std::make_unique<BatchNorm2d>(width), "bn");
  net->emplace<Flatten>();
  net->add(std::make_unique<Linear>(6 * width, 5, Linear::Options{.map = {3, 2, width}}), "hidden");
  net->add(std::make_unique<Linear>(5, classes), "fc");
  return net;
}

Network network_of(int64_t width = 4, int64_t classes = 3, uint64_t seed = 1, DType compute = DType::f32) {
  return Network("test", layers(width, classes), {3, 2, 2}, classes, compute, seed);
}

/// Tensors with memory of their own.
struct Dict {
  std::vector<TensorView> views;
  std::vector<std::vector<std::byte>> data;

  template <class T>
  void add(const std::string& name, DType dtype, const std::vector<int64_t>& shape, const std::vector<T>& values) {
    const auto bytes = std::as_bytes(std::span(values));
    data.emplace_back(bytes.begin(), bytes.end());
    views.push_back({name, dtype, shape, data.back()});
  }
};

/// Every tensor of `network` counts up from its own place in the list, in PyTorch's order.
Dict counting(const Network& network, const std::string& prefix = "") {
  Dict dict;
  float first = 0;
  for (const StateDictEntry& entry : state_dict_entries(network)) {
    std::vector<float> values(size_t(entry.shape.size()));
    for (size_t i = 0; i < values.size(); ++i) values[i] = first + float(i);
    dict.add(prefix + entry.name, DType::f32, entry.shape.dims(), values);
    first += 1000;
  }
  return dict;
}

std::vector<float> master(const Network& network, const std::string& name) {
  for (const auto& [key, parameter] : network.store().state().parameters)
    if (key == name) return parameter->master.to_host<float>();
  ADD_FAILURE() << name;
  return {};
}

std::string refusal(const Dict& dict, Network& network) {
  const auto before = network.store().masters().to_host<float>();
  try {
    load_state_dict(dict.views, "file", network);
    ADD_FAILURE() << "accepted";
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::input);
    EXPECT_EQ(before, network.store().masters().to_host<float>()) << "the network was changed";
    return error.what();
  }
}

TEST(StateDict, ShapesAreThoseOfPytorch) {
  std::vector<std::pair<std::string, std::vector<int64_t>>> got;
  for (const StateDictEntry& entry : state_dict_entries(network_of())) got.emplace_back(entry.name, entry.shape.dims());
  const std::vector<std::pair<std::string, std::vector<int64_t>>> expected = {
      {"conv.weight", {4, 2, 3, 3}}, {"conv.bias", {4}},     {"bn.weight", {4}},    {"bn.bias", {4}},
      {"hidden.weight", {5, 24}},    {"hidden.bias", {5}},   {"fc.weight", {3, 5}}, {"fc.bias", {3}},
      {"bn.running_mean", {4}},      {"bn.running_var", {4}}};
  EXPECT_EQ(got, expected);
}

TEST(StateDict, FiltersAndFlattenedMapsChangeTheirOrder) {
  Network network = network_of();
  EXPECT_TRUE(load_state_dict(counting(network).views, "file", network).empty());
  const std::vector<float> conv = master(network, "conv.weight"), hidden = master(network, "hidden.weight");
  for (int k = 0; k < 4; ++k)
    for (int c = 0; c < 2; ++c)
      for (int r = 0; r < 3; ++r)
        for (int s = 0; s < 3; ++s)
          EXPECT_EQ(conv[((k * 3 + r) * 3 + s) * 2 + c], float(((k * 2 + c) * 3 + r) * 3 + s));
  for (int out = 0; out < 5; ++out)
    for (int c = 0; c < 4; ++c)
      for (int h = 0; h < 3; ++h)
        for (int w = 0; w < 2; ++w)
          EXPECT_EQ(hidden[out * 24 + (h * 2 + w) * 4 + c], float(4000 + out * 24 + (c * 3 + h) * 2 + w));
  EXPECT_EQ(master(network, "fc.weight")[7], 6007);
}

TEST(StateDict, WrappersAndCountersAreIgnored) {
  Network plain = network_of(), wrapped = network_of(4, 3, 2);
  load_state_dict(counting(plain).views, "file", plain);
  Dict dict = counting(wrapped, "module.");
  dict.add("module.bn.num_batches_tracked", DType::i64, {}, std::vector<int64_t>{7});
  load_state_dict(dict.views, "file", wrapped);
  EXPECT_EQ(plain.store().masters().to_host<float>(), wrapped.store().masters().to_host<float>());
}

TEST(StateDict, OtherFloatingTypesAreConverted) {
  Network network = network_of();
  Dict dict = counting(network);
  dict.views.erase(dict.views.begin() + 1, dict.views.begin() + 3);
  dict.add("conv.bias", DType::f64, {4}, std::vector<double>{0.1, 0.2, 0.3, 0.4});
  dict.add("bn.weight", DType::bf16, {4}, std::vector<uint16_t>{0x3f80, 0xbf80, 0x4049, 0x0000});
  load_state_dict(dict.views, "file", network);
  EXPECT_EQ(master(network, "conv.bias"), (std::vector<float>{0.1f, 0.2f, 0.3f, 0.4f}));
  EXPECT_EQ(master(network, "bn.weight"), (std::vector<float>{1, -1, 3.140625f, 0}));
}

TEST(StateDict, AClassifierOfOtherClassesStays) {
  Network source = network_of(4, 7), network = network_of(4, 3);
  const auto weight = master(network, "fc.weight"), bias = master(network, "fc.bias");
  EXPECT_EQ(load_state_dict(counting(source).views, "file", network),
            (std::vector<std::string>{"fc.weight", "fc.bias"}));
  EXPECT_EQ(master(network, "fc.weight"), weight);
  EXPECT_EQ(master(network, "fc.bias"), bias);
  EXPECT_EQ(master(network, "hidden.bias")[1], 5001);
}

TEST(StateDict, AnyOtherMismatchIsRefusedByName) {
  Network network = network_of();
  Network wider = network_of(5);
  EXPECT_NE(refusal(counting(wider), network).find("'conv.weight' is f32 [5,2,3,3]"), std::string::npos);
  Dict missing = counting(network);
  missing.views.erase(missing.views.begin() + 8);
  EXPECT_NE(refusal(missing, network).find("there is no tensor 'bn.running_mean'"), std::string::npos);
  Dict more = counting(network);
  more.add("layer9.weight", DType::f32, {1}, std::vector<float>{1});
  EXPECT_NE(refusal(more, network).find("'layer9.weight'"), std::string::npos);
  Dict integers = counting(network);
  integers.views[1].dtype = DType::i32;
  EXPECT_NE(refusal(integers, network).find("'conv.bias' is i32"), std::string::npos);
}

TEST(StateDict, RoundTripsThroughAFile) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "net.safetensors";
  Network saved = network_of(4, 3, 1), loaded = network_of(4, 3, 2, DType::bf16);
  save_state_dict(path, saved);
  EXPECT_EQ(SafetensorsFile::read(path).at("conv.weight").shape, (std::vector<int64_t>{4, 2, 3, 3}));
  EXPECT_TRUE(load_state_dict(path, loaded).empty());
  EXPECT_EQ(saved.store().masters().to_host<float>(), loaded.store().masters().to_host<float>());
  const auto low_precision_copy = loaded.store().low_precision_copy().to_host<bf16>();
  EXPECT_EQ(__bfloat162float(low_precision_copy[0]),
            __bfloat162float(__float2bfloat16(saved.store().masters().to_host<float>()[0])));
}

}  // namespace
}  // namespace cucurbit
