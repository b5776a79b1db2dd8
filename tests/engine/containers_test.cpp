// Containers: what they list of their parts, stochastic depth per sample, shapes that do not match.
#include <gtest/gtest.h>

#include "engine/nn/layers.h"
#include "engine/nn/network.h"
#include "kernels/error.h"
#include "support/expect_error.h"
#include "support/hash.h"

namespace cucurbit {
namespace {

constexpr int64_t kBatch = 64, kChannels = 3, kPixels = 4;

std::unique_ptr<ConvNorm2d> conv(Activation activation, const char* name) {
  return std::make_unique<ConvNorm2d>(kChannels, kChannels, Conv2d::Options{.kernel = 3, .geometry = {.padding = 1}},
                                      activation, ConvNorm2d::Names{name, std::string(name) + "_norm"});
}

/// A residual network of one block, with the same weights for every probability.
Network residual(const DropPath& drop_path, bool preactivation) {
  auto net = std::make_unique<Sequential>();
  if (preactivation) {
    net->splice(std::make_unique<PreactivationResidual>(std::make_unique<BatchNorm2d>(kChannels, Activation::relu),
                                                        conv(Activation::identity, "a"), nullptr, drop_path));
  } else {
    net->splice(std::make_unique<Residual>(conv(Activation::relu, "a"), conv(Activation::relu, "b"), nullptr,
                                           Residual::Options{.drop_path = drop_path}));
  }
  net->emplace<Flatten>();
  return Network("residual", std::move(net), {2, 2, kChannels}, kPixels * kChannels, DType::f32, 1);
}

class StochasticDepth : public testing::TestWithParam<bool> {
 protected:
  const Tensor x_ = Tensor::from_host(test::hashed(size_t(kBatch * kPixels * kChannels), 1, 0.5, 1),
                                      {kBatch, 2, 2, kChannels});  // positive, so that ReLU does not change it
  std::vector<float> training_output(const DropPath& drop_path, int64_t step) const {
    const StepState at{.seed = 5, .micro_batch = step, .epoch = 0, .epoch_micro_batch = 0};
    const Tensor state = bytes_on_device(std::span(&at, 1));
    Network network = residual(drop_path, GetParam());
    return network.forward(x_, {.training = true, .state = reinterpret_cast<const StepState*>(state.raw())})
        .to_host<float>();
  }
};

TEST_P(StochasticDepth, DropsOrDoublesTheBranchOfASample) {
  const std::vector<float> x = x_.to_host<float>();
  const std::vector<float> whole = training_output({}, 0), half = training_output({.probability = 0.5f}, 0);
  const size_t sample = size_t(kPixels * kChannels);
  int dropped = 0;
  for (size_t n = 0; n < size_t(kBatch); ++n) {
    const bool gone =
        std::equal(x.begin() + long(n * sample), x.begin() + long((n + 1) * sample), half.begin() + long(n * sample));
    dropped += gone;
    for (size_t i = n * sample; i < (n + 1) * sample && !gone; ++i)
      if (whole[i] > 0 || GetParam()) {
        const float doubled = x[i] + 2 * (whole[i] - x[i]);
        EXPECT_NEAR(half[i], GetParam() ? doubled : std::max(doubled, 0.0f), 1e-5);
      }
  }
  EXPECT_GT(dropped, 16);
  EXPECT_LT(dropped, 48);
  EXPECT_EQ(half, training_output({.probability = 0.5f}, 0));
  EXPECT_NE(half, training_output({.probability = 0.5f}, 1));
  EXPECT_NE(half, training_output({.probability = 0.5f, .purpose = 1}, 0));
}

TEST_P(StochasticDepth, IsNotThereInInference) {
  Network with = residual({.probability = 0.5f}, GetParam()), without = residual({}, GetParam());
  EXPECT_EQ(with.forward(x_).to_host<float>(), without.forward(x_).to_host<float>());
}

INSTANTIATE_TEST_SUITE_P(Blocks, StochasticDepth, testing::Bool());

TEST(Branches, ShapesMustAgree) {
  const Shape image{1, 4, 4, 6};
  std::vector<ModulePtr> branches;
  branches.push_back(std::make_unique<SliceChannels>(0, 3));
  branches.push_back(std::make_unique<Pool2d>(PoolKind::average, PoolGeometry{}));
  test::expect_error(ErrorKind::input, {"[concat]", "[1,4,4,3]", "[1,2,2,6]"},
                     [&] { Concat(std::move(branches), Activation::identity).output_shape(image); });
  test::expect_error(ErrorKind::input, {"[slice_channels]", "3 to 7", "[1,4,4,6]"},
                     [&] { SliceChannels(3, 7).output_shape(image); });
  test::expect_error(ErrorKind::input, {"[shuffle_channels]", "4 groups", "[1,4,4,6]"},
                     [&] { ShuffleChannels(4).output_shape(image); });
  EXPECT_EQ(ShuffleChannels(3).output_shape(image), image);
}

ModulePtr tapped_norm(const std::string& name) {
  return std::make_unique<Tapped>(std::make_unique<BatchNorm2d>(kChannels, Activation::relu),
                                  Tapped::Names{name, name + ".preact"});
}

TEST(Containers, ListTheTapsOperationsAndStateOfWhatTheyHold) {
  std::vector<ModulePtr> branches;
  branches.push_back(tapped_norm("left"));
  branches.push_back(tapped_norm("right"));
  auto net = std::make_unique<Sequential>();
  net->splice(std::make_unique<Residual>(tapped_norm("body"), conv(Activation::relu, "a"), tapped_norm("shortcut"),
                                         Residual::Options{}));
  net->splice(std::make_unique<PreactivationResidual>(tapped_norm("entry"), tapped_norm("inner"), tapped_norm("side"),
                                                      DropPath{}));
  net->splice(std::make_unique<Concat>(std::move(branches), Activation::relu));
  Survey survey;
  EXPECT_EQ(net->infer_shape({2, 5, 5, kChannels}, &survey), (Shape{2, 5, 5, 2 * kChannels}));
  std::vector<std::string> names;
  for (const Tap& tap : survey.taps) names.push_back(tap.name);
  EXPECT_EQ(names, (std::vector<std::string>{"body.preact", "body", "shortcut.preact", "shortcut", "entry.preact",
                                             "entry", "inner.preact", "inner", "side.preact", "side", "left.preact",
                                             "left", "right.preact", "right"}));
  EXPECT_EQ(survey.flop, 2. * (2 * 5 * 5 * kChannels) * (9 * kChannels)) << "of the one convolution";
  StateList state;
  net->list_state("net.", state);
  EXPECT_EQ(state.parameters.size(), 2u * 8 + 2) << "eight norms, and a convolution with bias and norm";
  EXPECT_EQ(state.buffers.size(), 2u * 8);
  int modules = 0;
  const std::function<void(Module&)> count = [&](Module& module) {
    ++modules;
    module.for_each_child([&](const std::string&, Module& child) { count(child); });
  };
  count(*net);
  EXPECT_EQ(modules, 1 + 3 + 2 * 7 + 3);
}

}  // namespace
}  // namespace cucurbit
