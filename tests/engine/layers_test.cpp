// The effects of layer options: which parameters decay, running statistics, inference.
#include "engine/nn/layers.h"

#include <gtest/gtest.h>

#include <map>

#include "engine/nn/network.h"
#include "support/small_networks.h"

namespace cucurbit::test {
namespace {

TEST(Layers, MatricesAndFiltersAreWeightsBiasesAndNormsAreNot) {
  auto net = std::make_unique<Sequential>();
  net->emplace<Conv2d>(1, 4, Conv2d::Options{.kernel = 3, .bias = true});
  net->emplace<BatchNorm2d>(4, Activation::relu);
  net->emplace<GlobalAveragePool>();
  net->emplace<Linear>(4, 3);
  const Network network("all kinds", std::move(net), {8, 8, 1}, 3, DType::f32, 1);
  std::map<std::string, bool> is_weight;
  for (const auto& [name, parameter] : network.store().state().parameters) is_weight[name] = parameter->is_weight;
  EXPECT_EQ(is_weight, (std::map<std::string, bool>{{"0.bias", false},
                                                    {"0.weight", true},
                                                    {"1.bias", false},
                                                    {"1.weight", false},
                                                    {"3.bias", false},
                                                    {"3.weight", true}}));
}

TEST(Layers, RunningStatisticsMoveByTheMomentum) {
  for (const double momentum : {0.1, 0.75}) {
    BatchNorm2d norm(1, BatchNorm2d::Options{.momentum = momentum});
    const ParameterStore store(norm, DType::f32, InitialValues{.seed = 0});
    norm.forward(Tensor::from_host(std::vector<float>{2, 4, 6, 8}, {4, 1, 1, 1}), {.training = true});
    const auto running = [&](const std::string& requested) {
      for (const auto& [name, buffer] : store.state().buffers)
        if (name == requested) return buffer->value.to_host<float>().at(0);
      ADD_FAILURE() << requested;
      return 0.f;
    };
    EXPECT_NEAR(running("running_mean"), momentum * 5, 1e-6);
    EXPECT_NEAR(running("running_var"), (1 - momentum) + momentum * 20 / 3, 1e-6) << "of four values, unbiased";
  }
}

TEST(Layers, DropoutDoesNothingInInference) {
  const StepState start{.seed = 1};
  const Tensor state = bytes_on_device(std::span<const StepState>(&start, 1));
  const auto* on_device = reinterpret_cast<const StepState*>(state.raw());
  const Tensor x = Tensor::from_host(std::vector<float>(1000, 1.f), {1000});
  Dropout dropout(0.5f, 0);
  EXPECT_EQ(dropout.forward(x, {.training = false, .state = on_device}).to_host<float>(), x.to_host<float>());
  EXPECT_NE(dropout.forward(x, {.training = true, .state = on_device}).to_host<float>(), x.to_host<float>());
}

}  // namespace
}  // namespace cucurbit::test
