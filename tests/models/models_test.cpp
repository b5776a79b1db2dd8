// The registry: parameter counts against published ones and formulas counted by hand, bad names.
#include <gtest/gtest.h>

#include "engine/nn/network.h"
#include "kernels/error.h"
#include "models/blocks.h"
#include "models/registry.h"
#include "support/expect_error.h"

namespace cucurbit {
namespace {

Network network_of(const std::string& name) {
  const ModelOptions options{.image = {28, 28, 1}, .classes = 10};
  return Network(name, build_model(name, options), options.image, options.classes, DType::f32, 1);
}

TEST(Models, ParameterCounts) {
  EXPECT_EQ(network_of("mlp:1200x1200").parameter_count(), 2395210);  // Hinton et al. 2015
  EXPECT_EQ(network_of("mlp:").parameter_count(), 7850);
  EXPECT_EQ(network_of("lenet").parameter_count(), 61706);  // LeNet-5 with full connections, 28x28 padded by 2
  // 9*32 + 9*32*32 + 9*32*64 + 9*64*64, scale and shift of 192 channels, 3136*128 + 128, 128*10 + 10
  EXPECT_EQ(network_of("convnet").parameter_count(), 288 + 9216 + 18432 + 36864 + 384 + 401536 + 1290);
}

/// Counted in PyTorch from the definitions of https://github.com/HobbitLong/RepDistiller (CIFAR-100) and torchvision
/// (ImageNet); pytorch_values_test compares what the models compute.
TEST(Models, PublishedParameterCounts) {
  const std::pair<const char*, int64_t> published[] = {
      {"resnet8", 83892},     {"resnet14", 181108},      {"resnet20", 278324},
      {"resnet32", 472756},   {"resnet44", 667188},      {"resnet56", 861620},
      {"resnet110", 1736564}, {"resnet8x4", 1233540},    {"resnet32x4", 7433860},
      {"ResNet18", 11220132}, {"ResNet34", 21328292},    {"ResNet50", 23705252},
      {"resnet18", 11689512}, {"resnet34", 21797672},    {"resnet50", 25557032},
      {"wrn_16_1", 180916},   {"wrn_16_2", 703284},      {"wrn_40_1", 569780},
      {"wrn_40_2", 2255156},  {"wrn:28-10", 36536884},   {"vgg8", 3965028},
      {"vgg11", 9277284},     {"vgg13", 9462180},        {"vgg16", 14774436},
      {"vgg19", 20086692},    {"MobileNetV2", 812836},   {"ShuffleV1", 949258},
      {"ShuffleV2", 1355528}, {"mobilenet_v2", 3504872}, {"shufflenet_v2_x1_0", 2278604}};
  for (const auto& [name, count] : published) {
    const ModelFamily& family = find_family(name);
    const ModulePtr module = build_model(name, {.image = family.image, .classes = family.classes});
    StateList state;
    module->list_state("", state);
    int64_t parameters = 0;
    for (const auto& entry : state.parameters) parameters += entry.item->shape.size();
    EXPECT_EQ(parameters, count) << name;
    EXPECT_EQ(module->output_shape({2, family.image[0], family.image[1], 3}), (Shape{2, family.classes})) << name;
  }
}

TEST(Models, ForwardFlop) {
  EXPECT_EQ(network_of("mlp:1200x1200").forward_flop(), 2.0 * (784 * 1200 + 1200 * 1200 + 1200 * 10));
  EXPECT_EQ(network_of("convnet").forward_flop(),
            2.0 * (784 * (288 + 9216) + 196 * (18432 + 36864) + 3136 * 128 + 1280));
}

TEST(Models, BadNamesAreRefusedWithAHint) {
  const ModelOptions options{.image = {28, 28, 1}, .classes = 10};
  for (const char* name :
       {"", "mpl:800", "mlp:8o0", "mlp:800x", "mlp:x", "mlp:-1", "mlp:99999999999999999999", "lenet:3", "resnet21",
        "resnet20:4", "wrn", "wrn:", "wrn:28", "wrn:29-2", "wrn:28-0", "wrn:28-2x", "vgg"}) {
    SCOPED_TRACE(name);
    test::expect_error(ErrorKind::usage, {"[model]", name}, [&] { build_model(name, options); });
  }
  test::expect_error(ErrorKind::input, {"[conv2d] the output would be empty", "[1,2,2,6]"}, [&] {
    build_model("lenet", {.image = {4, 4, 1}, .classes = 10});
  });
}

TEST(Models, EveryFamilyNamesItsPaper) {
  for (const ModelFamily& family : model_families()) {
    EXPECT_FALSE(family.summary.empty()) << family.name;
    EXPECT_NE(family.paper.find(", "), std::string::npos) << family.name << ": expected authors, title, year";
    const auto year = family.paper.substr(family.paper.size() - 4);
    EXPECT_TRUE(year >= "1980" && year <= "2100") << family.name << ": " << family.paper;
  }
}

TEST(Models, AnUnknownNameSuggestsTheNearest) {
  test::expect_error(ErrorKind::usage, {"[model]", "resnet_20", "did you mean 'resnet20'"}, [] {
    build_model("resnet_20", {.image = {32, 32, 3}, .classes = 10});
  });
}

TEST(Models, StochasticDepthNeedsResidualBranches) {
  test::expect_error(ErrorKind::usage, {"[model] `drop_path` is 0.1", "vgg8", "no residual branches"}, [] {
    build_model("vgg8", {.image = {32, 32, 3}, .classes = 10, .drop_path = 0.1f});
  });
  EXPECT_NO_THROW(build_model("resnet20", {.image = {32, 32, 3}, .classes = 10, .drop_path = 0.1f}));
}

TEST(Models, StochasticDepthGrowsLinearlyToTheLastBlock) {
  DropPathRule rule(0.4f, 5);
  for (uint32_t block = 0; block < 5; ++block) {
    const DropPath path = rule.next();
    EXPECT_FLOAT_EQ(path.probability, 0.1f * float(block));
    EXPECT_EQ(path.purpose, block) << "every block draws for itself";
  }
  EXPECT_FLOAT_EQ(DropPathRule(0.4f, 1).next().probability, 0.4f);
}

TEST(Models, ANetworkMustFitItsImages) {
  const ModelOptions options{.image = {28, 28, 1}, .classes = 10};
  test::expect_error(ErrorKind::input, {"[linear] input [1,3072]", "784"}, [&] {
    Network("mlp:8", build_model("mlp:8", options), {32, 32, 3}, 10, DType::f32, 0);
  });
  test::expect_error(ErrorKind::input, {"[model] mlp:8", "[1,10]", "11 classes"}, [&] {
    Network("mlp:8", build_model("mlp:8", options), {28, 28, 1}, 11, DType::f32, 0);
  });
}

}  // namespace
}  // namespace cucurbit
