// Taps: what is wanted is kept, gradients flow through it, and what is not wanted changes nothing.
#include "engine/nn/features.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/autograd.h"
#include "engine/nn/network.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/reduction.h"
#include "kernels/error.h"
#include "models/registry.h"
#include "support/expect_error.h"
#include "support/hashed_network.h"

namespace cucurbit {
namespace {

Network network_of(const std::string& name, DType compute) {
  const ModelOptions options{.image = {8, 8, 3}, .classes = 4};
  return Network(name, build_model(name, options), options.image, options.classes, compute, 1);
}

Tensor f64_values(const Shape& shape, uint32_t stream) {
  const std::vector<float> values = test::hashed(size_t(shape.size()), stream);
  return Tensor::from_host(std::vector<double>(values.begin(), values.end()), shape);
}

/// Inference: running statistics, so that a finite difference sees what the gradient does.
constexpr const char* kWanted[] = {"stem", "stage1.preact", "stage2", "pooled"};

/// The sum over logits and taps of each one's product with numbers of its own.
Tensor objective(Network& network, const Tensor& images) {
  Features features = network.features({std::begin(kWanted), std::end(kWanted)});
  Tensor logits = network.forward(images, {.features = &features});
  Tensor total = sum(mul(logits, f64_values(logits.shape(), 10)));
  uint32_t stream = 11;
  for (const char* name : kWanted)
    total = add(total, sum(mul(features.at(name), f64_values(features.at(name).shape(), stream++))));
  return total;
}

class TapGradients : public testing::TestWithParam<const char*> {};

TEST_P(TapGradients, AgreeWithFiniteDifferences) {
  Network network = network_of(GetParam(), DType::f64);
  test::load_hashed_weights(network);  // with biases of 0 the maps of dead units lie on a kink
  const Tensor images = f64_values({2, 8, 8, 3}, 1);
  Tape tape;
  const Tensor total = objective(network, images);
  network.store().begin_gradients();
  tape.backward(total);
  network.store().finish_gradients();
  for (const auto& [name, parameter] : network.store().state().parameters) {
    const std::vector<double> gradient = parameter->value.grad().to_host<double>();
    std::vector<double> values = parameter->master.to_host<double>();
    const size_t at = values.size() / 2;
    const double centre = values[at], step = 1e-6;
    double sides[2];
    for (const int side : {0, 1}) {
      values[at] = centre + (side ? step : -step);
      parameter->master.copy_from_host(values.data(), values.size() * sizeof(double));
      sides[side] = objective(network, images).to_host<double>()[0];
    }
    values[at] = centre;
    parameter->master.copy_from_host(values.data(), values.size() * sizeof(double));
    const double numeric = (sides[1] - sides[0]) / (2 * step);
    EXPECT_NEAR(gradient[at], numeric, 1e-5 * std::max(1.0, std::abs(numeric))) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, TapGradients, testing::Values("resnet8", "wrn:10-1", "shufflev1", "shufflev2"),
                         [](const auto& info) {
                           std::string name = info.param;
                           for (char& c : name)
                             if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
                           return name;
                         });

TEST(Features, NothingBeyondATapReceivesAGradient) {
  Network network = network_of("resnet8", DType::f32);
  Features features = network.features({"stage1.preact"});
  Tape tape;
  network.forward(Tensor::from_host(test::hashed(384, 1), {2, 8, 8, 3}), {.features = &features});
  network.store().begin_gradients();
  tape.backward(features.at("stage1.preact"));
  for (const std::string& name : network.store().finish_gradients())
    EXPECT_TRUE(name.starts_with("layer2") || name.starts_with("layer3") || name.starts_with("fc")) << name;
}

TEST(Features, WantingChangesNoBit) {
  Network network = network_of("resnet8", DType::f32);
  const Tensor images = Tensor::from_host(test::hashed(384, 1), {2, 8, 8, 3});
  Features features = network.features({"stage1", "stage3"});
  const Tensor with = network.forward(images, {.features = &features});
  EXPECT_EQ(network.forward(images).to_host<float>(), with.to_host<float>());
  test::expect_error(ErrorKind::bug, {"[features]", "'stage2'"}, [&] { features.at("stage2"); });
  features.clear();
  test::expect_error(ErrorKind::bug, {"[features]", "'stage1'"}, [&] { features.at("stage1"); });
}

TEST(Features, NoMoreNodesThanWithout) {
  Network network = network_of("resnet8", DType::f32);
  const Tensor images = Tensor::from_host(test::hashed(384, 1), {2, 8, 8, 3});
  const auto nodes = [&](Features* features) {
    Tape tape;
    network.forward(images, {.features = features});
    return tape.nodes();
  };
  Features plain = network.features({"stage1"}), preactivation = network.features({"stage1.preact"});
  EXPECT_EQ(nodes(&plain), nodes(nullptr));
  EXPECT_EQ(nodes(&preactivation), nodes(nullptr) + 1) << "the activation on its own";
}

TEST(Features, AnUnknownNameSuggestsTheNearest) {
  test::expect_error(ErrorKind::usage, {"[features] resnet8 has no 'stage_1'", "did you mean 'stage1'"},
                     [] { network_of("resnet8", DType::f32).features({"stage_1"}); });
}

}  // namespace
}  // namespace cucurbit
