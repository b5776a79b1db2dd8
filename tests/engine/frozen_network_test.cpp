// Networks that do not learn: nothing is recorded, kept or changed, and the answers are those of inference.
#include "engine/nn/frozen_network.h"

#include <gtest/gtest.h>

#include "engine/autograd.h"
#include "engine/nn/layers.h"
#include "engine/ops/elementwise.h"
#include "support/compare.h"
#include "support/expect_error.h"
#include "support/small_networks.h"

namespace cucurbit::test {
namespace {

/// A tensor with a gradient, or what Frozen is not: what require_gradient takes.
template <class T>
concept TakesGradient = requires(T tensor) {
  require_gradient(tensor);
};
static_assert(TakesGradient<Tensor> && !TakesGradient<FrozenTensor>);

ModulePtr residual_network() {
  auto net = std::make_unique<Sequential>();
  const Conv2d::Options same{.kernel = 3, .geometry = {.padding = 1}, .bias = false};
  net->splice(std::make_unique<ConvNorm2d>(1, 16, same, Activation::relu, ConvNorm2d::Names{"conv1", "bn1"}));
  auto body = std::make_unique<Sequential>();
  body->splice(std::make_unique<ConvNorm2d>(16, 16, same, Activation::relu, ConvNorm2d::Names{"conv2", "bn2"}));
  net->splice(std::make_unique<Tapped>(
      std::make_unique<Residual>(
          std::move(body),
          std::make_unique<ConvNorm2d>(16, 16, same, Activation::relu, ConvNorm2d::Names{"conv3", "bn3"}), nullptr,
          Residual::Options{}),
      Tapped::Names{"stage1", "stage1.preact"}));
  net->emplace<GlobalAveragePool>();
  net->emplace<Linear>(16, 4);
  return net;
}

Tensor some_images(DType dtype) {
  std::vector<double> pixels(6 * 64);
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = double(i * 37 % 101) / 50 - 1;
  return to_device(pixels, {6, 8, 8, 1}, dtype);
}

Network trained_network(DType dtype) {
  Network network("n", residual_network(), {8, 8, 1}, 4, dtype, 3);
  const StepState start{};
  const Tensor state = bytes_on_device(std::span(&start, 1));
  for (int i = 0; i < 3; ++i)  // running statistics other than 0 and 1
    network.forward(some_images(dtype), {.training = true, .state = reinterpret_cast<const StepState*>(state.raw())});
  return network;
}

TEST(NoTape, NothingIsRecordedWithinATape) {
  Tensor x = Tensor::from_host(std::vector<float>{1, 2}, {2});
  require_gradient(x);
  Tape tape;
  const Tensor y = scale(x, 2);
  EXPECT_EQ(tape.nodes(), 1u);
  {
    const NoTape off;
    EXPECT_FALSE(wants_gradient(scale(x, 3)));
    EXPECT_EQ(Tape::current(), nullptr);
  }
  EXPECT_EQ(Tape::current(), &tape);
  EXPECT_EQ(tape.nodes(), 1u);
  EXPECT_TRUE(wants_gradient(scale(y, 3)));
}

TEST(FrozenNetwork, AnswersAsInferenceDoesBitForBit) {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    Network network = trained_network(dtype);
    const Tensor images = some_images(dtype);
    const std::vector<double> before = to_host(network.forward(images));
    FrozenNetwork frozen(std::move(network));
    EXPECT_TRUE(same_bits(before, to_host(frozen.forward(images).constant()))) << name(dtype);
  }
}

TEST(FrozenNetwork, LeavesNoNodeAndKeepsNoActivation) {
  Network learns("n", residual_network(), {8, 8, 1}, 4, DType::f32, 3);
  FrozenNetwork frozen(trained_network(DType::f32));
  const Tensor images = some_images(DType::f32);
  const StepState start{};
  const Tensor state = bytes_on_device(std::span(&start, 1));
  const ForwardContext training{.training = true, .state = reinterpret_cast<const StepState*>(state.raw())};
  const auto pool = std::make_shared<Pool>();
  const PoolScope scope(*pool);
  Tape tape;
  const Tensor logits = learns.forward(images, training);
  const size_t nodes = tape.nodes(), bytes = pool->in_use();
  EXPECT_GT(nodes, 5u);
  Features features = frozen.features({"stage1.preact"});
  const FrozenTensor taught = frozen.forward(images);
  EXPECT_EQ(tape.nodes(), nodes);
  EXPECT_LE(pool->in_use(), bytes + 512) << "more than the logits stayed";
  frozen.forward(images, &features);
  EXPECT_EQ(tape.nodes(), nodes);
  EXPECT_FALSE(wants_gradient(features.at("stage1.preact")));
  EXPECT_FALSE(wants_gradient(taught.constant()));
}

TEST(FrozenNetwork, PassesNoGradientToItsImages) {
  FrozenNetwork frozen(trained_network(DType::f32));
  Tensor images = some_images(DType::f32);
  require_gradient(images);
  Tape tape;
  EXPECT_FALSE(wants_gradient(frozen.forward(images).constant()));
  EXPECT_EQ(tape.nodes(), 0u);
}

TEST(FrozenNetwork, HasNoGradientsAndStaysAsItIs) {
  FrozenNetwork frozen(trained_network(DType::f32));
  EXPECT_FALSE(frozen.network().store().gradients());
  for (const auto& [name, parameter] : frozen.network().store().state().parameters)
    EXPECT_FALSE(wants_gradient(parameter->value)) << name;
  expect_error(ErrorKind::bug, {"frozen"}, [&] { frozen.network().store().begin_gradients(); });
  const std::string before = frozen.digest();
  frozen.forward(some_images(DType::f32));
  EXPECT_EQ(before, frozen.digest());
  EXPECT_NE(before, FrozenNetwork(Network("n", residual_network(), {8, 8, 1}, 4, DType::f32, 3)).digest());
}

}  // namespace
}  // namespace cucurbit::test
