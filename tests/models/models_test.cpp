// Every model of the registry: parameter counts against hand-counted formulas, a gradient for every parameter, bad
// names.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/autograd.h"
#include "engine/nn/network.h"
#include "engine/ops/cross_entropy.h"
#include "kernels/error.h"
#include "models/registry.h"

namespace cucurbit {
namespace {

constexpr int64_t kBatch = 8;

Network network_of(const std::string& name, DType compute = DType::f32, float drop = 0) {
  const ModelOptions options{.image = {28, 28, 1}, .classes = 10, .drop = drop};
  return Network(name, build_model(name, options), options.image, options.classes, compute, 1);
}

Tensor images(DType compute) {
  std::vector<double> values(size_t(kBatch * 784));
  for (size_t i = 0; i < values.size(); ++i) values[i] = std::sin(0.7 * double(i) + 0.001 * double(i * i % 1013));
  if (compute == DType::f64) return Tensor::from_host(values, {kBatch, 28, 28, 1});
  return Tensor::from_host(std::vector<float>(values.begin(), values.end()), {kBatch, 28, 28, 1});
}

TEST(Models, ParameterCounts) {
  EXPECT_EQ(network_of("mlp:1200x1200").parameter_count(), 2395210);  // Hinton et al. 2015
  EXPECT_EQ(network_of("mlp:").parameter_count(), 7850);
  EXPECT_EQ(network_of("lenet").parameter_count(), 61706);  // LeNet-5 with full connections, 28x28 padded by 2
  // 9*32 + 9*32*32 + 9*32*64 + 9*64*64, scale and shift of 192 channels, 3136*128 + 128, 128*10 + 10
  EXPECT_EQ(network_of("convnet").parameter_count(), 288 + 9216 + 18432 + 36864 + 384 + 401536 + 1290);
}

/// For CIFAR-100, of the definitions of https://github.com/HobbitLong/RepDistiller, counted in PyTorch.
TEST(Models, PublishedParameterCounts) {
  const std::pair<const char*, int64_t> published[] = {
      {"resnet8", 83892},     {"resnet14", 181108},   {"resnet20", 278324},
      {"resnet32", 472756},   {"resnet44", 667188},   {"resnet56", 861620},
      {"resnet110", 1736564}, {"resnet8x4", 1233540}, {"resnet32x4", 7433860}};
  for (const auto& [name, count] : published) {
    StateList state;
    const ModulePtr module = build_model(name, {.image = {32, 32, 3}, .classes = 100});
    module->list_state("", state);
    int64_t parameters = 0;
    for (const auto& entry : state.parameters) parameters += entry.item->shape.size();
    EXPECT_EQ(parameters, count) << name;
    EXPECT_EQ(module->output_shape({2, 32, 32, 3}), (Shape{2, 100})) << name;
  }
}

TEST(Models, ForwardFlop) {
  EXPECT_EQ(network_of("mlp:1200x1200").forward_flop(), 2.0 * (784 * 1200 + 1200 * 1200 + 1200 * 10));
  EXPECT_EQ(network_of("convnet").forward_flop(),
            2.0 * (784 * (288 + 9216) + 196 * (18432 + 36864) + 3136 * 128 + 1280));
}

class EveryModel : public testing::TestWithParam<std::string> {};

TEST_P(EveryModel, EveryParameterReceivesAGradient) {
  Network network = network_of(GetParam());
  Arena& arena = network.arena();
  const StepState start{};
  const Tensor state = bytes_on_device(std::span(&start, 1));
  Tape tape;
  const Tensor logits =
      network.forward(images(DType::f32), {.training = true, .state = reinterpret_cast<const StepState*>(state.raw())});
  const Tensor loss =
      cross_entropy(logits, Tensor::from_host(std::vector<int32_t>{0, 1, 2, 3, 4, 5, 6, 7}, {kBatch}), {});
  arena.begin_gradients();
  tape.backward(loss);
  EXPECT_TRUE(arena.finish_gradients().empty());
  for (const auto& [name, parameter] : arena.state().parameters) {
    double size = 0;
    for (float value : parameter->value.grad().to_host<float>()) size += std::abs(double(value));
    EXPECT_GT(size, 0) << name << " has a gradient of zeros";
  }
}

TEST_P(EveryModel, F32AgreesWithF64) {
  Network single = network_of(GetParam()), exact = network_of(GetParam(), DType::f64);
  const auto a = single.forward(images(DType::f32)).to_host<float>();
  const auto b = exact.forward(images(DType::f64)).to_host<double>();
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 2e-4 * std::max(1.0, std::abs(b[i])));
}

INSTANTIATE_TEST_SUITE_P(Registry, EveryModel, testing::ValuesIn([] {
                           std::vector<std::string> names;
                           for (const ModelFamily& family : model_families()) names.push_back(family.example);
                           return names;
                         }()),
                         [](const auto& info) { return info.param.substr(0, info.param.find(':')); });

TEST(Models, BadNamesAreRefusedWithAHint) {
  const ModelOptions options{.image = {28, 28, 1}, .classes = 10};
  for (const char* name :
       {"", "mpl:800", "mlp:8o0", "mlp:800x", "mlp:x", "mlp:-1", "mlp:99999999999999999999", "lenet:3"}) {
    try {
      build_model(name, options);
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage) << name;
    }
  }
  EXPECT_THROW(build_model("lenet", {.image = {4, 4, 1}, .classes = 10}), Error);
}

TEST(Models, ANetworkMustFitItsImages) {
  const ModelOptions options{.image = {28, 28, 1}, .classes = 10};
  EXPECT_THROW(Network("mlp:8", build_model("mlp:8", options), {32, 32, 3}, 10, DType::f32, 0), Error);
  EXPECT_THROW(Network("mlp:8", build_model("mlp:8", options), {28, 28, 1}, 11, DType::f32, 0), Error);
}

}  // namespace
}  // namespace cucurbit
