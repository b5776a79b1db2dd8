// Whole training steps: learning from two seeds, graph against eager, PyTorch's first losses.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/autograd.h"
#include "engine/data/idx.h"
#include "engine/nn/layers.h"
#include "engine/ops/cross_entropy.h"
#include "engine/runtime/stream.h"
#include "engine/train/evaluate.h"
#include "engine/train/trainer.h"
#include "kernels/error.h"
#include "kernels/step.h"
#include "support/expect_error.h"
#include "support/small_data.h"
#include "support/small_networks.h"

namespace cucurbit {
namespace {

using test::kCrossEntropy;
using test::small_convnet;

TrainOptions options_for(int64_t steps, uint64_t seed, bool graph) {
  TrainOptions options{.batch_size = 32, .seed = seed, .graph = graph};
  options.augmentation = {.max_shift = 1, .flip = Flip::random};
  options.learning_rates.assign(size_t(steps), 0.05f);
  return options;
}

struct Outcome {
  std::vector<float> weights;
  TrainMetrics metrics;
};

Outcome train(int64_t steps, uint64_t seed, bool graph, DType compute, int64_t interval = 1000) {
  const ImageSet images = test::easy_images(512, 8, 4, 7);
  const DeviceSet data(images, channel_statistics(images));
  Network network("small", small_convnet(4), {8, 8, 1}, 4, compute, seed);
  Trainer trainer = supervised_trainer(network, data, options_for(steps, seed, graph), kCrossEntropy);
  Outcome outcome;
  for (int64_t i = 0; i < steps; ++i) {
    trainer.step();
    if ((i + 1) % interval == 0 || i + 1 == steps) outcome.metrics = trainer.take_metrics();
  }
  outcome.weights = network.store().masters().to_host<float>();
  return outcome;
}

TEST(Training, ReachesTheStatedLossFromTwoSeeds) {
  for (uint64_t seed : {1, 2})
    for (DType compute : {DType::f32, DType::bf16}) {
      const Outcome outcome = train(200, seed, true, compute, 20);
      EXPECT_LT(outcome.metrics.loss, 0.25) << "seed " << seed << " " << name(compute);
      EXPECT_GT(outcome.metrics.top1, 0.95) << "seed " << seed << " " << name(compute);
    }
}

TEST(Training, GraphReplayIsBitEqualToEager) {
  for (DType compute : {DType::f32, DType::bf16}) {
    const Outcome eager = train(20, 3, false, compute), replayed = train(20, 3, true, compute);
    EXPECT_EQ(eager.weights, replayed.weights);
    EXPECT_EQ(eager.metrics.loss, replayed.metrics.loss);
  }
}

TEST(Training, TheSameSeedGivesTheSameBitsAndAnotherDoesNot) {
  const Outcome first = train(12, 5, true, DType::f32);
  EXPECT_EQ(first.weights, train(12, 5, true, DType::f32).weights);
  EXPECT_NE(first.weights, train(12, 6, true, DType::f32).weights);
}

TEST(Training, NonFiniteLossIsReported) {
  const ImageSet images = test::easy_images(64, 8, 4, 7);
  const DeviceSet data(images, channel_statistics(images));
  Network network("small", small_convnet(4), {8, 8, 1}, 4, DType::f32, 1);
  TrainOptions options = options_for(50, 1, true);
  options.learning_rates.assign(50, 1e30f);
  Trainer trainer = supervised_trainer(network, data, options, kCrossEntropy);
  for (int i = 0; i < 5; ++i) trainer.step();
  test::expect_error(ErrorKind::not_finite, {"[train] step 2", "the loss was infinite or NaN"},
                     [&] { trainer.take_metrics(); });
}

TEST(Training, RefusesABatchLargerThanTheSet) {
  const ImageSet images = test::easy_images(16, 8, 4, 7);
  const DeviceSet data(images, channel_statistics(images));
  Network network("small", small_convnet(4), {8, 8, 1}, 4, DType::f32, 1);
  test::expect_error(ErrorKind::usage, {"[train] `batch_size`", "16 images"},
                     [&] { supervised_trainer(network, data, options_for(5, 1, true), kCrossEntropy); });
}

TEST(Training, EvaluationDoesNotDependOnTheBatchSize) {
  const ImageSet images = test::easy_images(101, 8, 4, 7);
  const DeviceSet data(images, channel_statistics(images));
  Network network("small", small_convnet(4), {8, 8, 1}, 4, DType::f32, 1);
  const Evaluation whole = evaluate(network, data, {.batch_size = 101}),
                   parts = evaluate(network, data, {.batch_size = 10});
  EXPECT_EQ(whole.samples, 101);
  EXPECT_EQ(whole.errors, parts.errors);
  EXPECT_NEAR(whole.loss, parts.loss, 1e-5);
}

// --- the first ten losses, against PyTorch (tests/values/README.md) ---

uint32_t hash(uint32_t i, uint32_t stream) {
  uint32_t x = i + stream * 0x9E3779B9u;
  x = (x ^ x >> 16) * 0x7FEB352Du;
  x = (x ^ x >> 15) * 0x846CA68Bu;
  return x ^ x >> 16;
}
double unit(int64_t i, uint32_t stream) { return hash(uint32_t(i), stream) / 2147483648.0 - 1; }

/// Overwrites the initial weights by the closed formula. The streams are 4 * layer, + 1 for biases and scales, + 2 for
/// shifts.
void set_weights(Network& network) {
  int layer = -1;
  for (const auto& [name, parameter] : network.store().state().parameters) {
    const bool scale = !parameter->is_weight && parameter->initializer.value == 1;
    const bool shift = !parameter->is_weight && !scale;
    if (parameter->is_weight) ++layer;
    const bool batch_norm =
        shift && name.find("bias") != std::string::npos && parameter->shape.size() != 10 && network.name() == "convnet";
    std::vector<double> values(size_t(parameter->shape.size()));
    const double fan_in = double(parameter->shape.size() / parameter->shape[0]);
    for (size_t i = 0; i < values.size(); ++i) {
      const auto at = int64_t(i);
      if (parameter->is_weight) values[i] = std::sqrt(6 / fan_in) * unit(at, uint32_t(4 * layer));
      if (scale) values[i] = 1 + 0.1 * unit(at, uint32_t(4 * layer + 1));
      if (shift)
        values[i] = batch_norm ? 0.1 * unit(at, uint32_t(4 * layer + 2)) : 0.05 * unit(at, uint32_t(4 * layer + 1));
      values[i] = float(values[i]);
    }
    if (parameter->master.dtype() == DType::f64) {
      parameter->master.copy_from_host(values.data(), values.size() * sizeof(double));
    } else {
      const std::vector<float> rounded(values.begin(), values.end());
      parameter->master.copy_from_host(rounded.data(), rounded.size() * sizeof(float));
    }
  }
}

ModulePtr reference_network(const std::string& which) {
  auto net = std::make_unique<Sequential>();
  if (which == "mlp") {
    net->emplace<Flatten>();
    net->emplace<Linear>(784, 64, Activation::relu);
    net->emplace<Linear>(64, 32, Activation::relu);
    net->emplace<Linear>(32, 10);
    return net;
  }
  for (int64_t in : {1, 8}) {
    net->emplace<Conv2d>(in, in == 1 ? 8 : 16, Conv2d::Options{.kernel = 3, .geometry = {.padding = 1}, .bias = false});
    net->emplace<BatchNorm2d>(in == 1 ? 8 : 16, Activation::relu);
    if (in == 1) net->emplace<Pool2d>(PoolKind::max, PoolGeometry{.kernel = 2, .stride = 2});
  }
  net->emplace<GlobalAveragePool>();
  net->emplace<Linear>(16, 10);
  return net;
}

template <class T>
std::vector<double> first_losses(const std::string& which, const ImageSet& images, const nlohmann::json& values) {
  Network network(which, reference_network(which), {28, 28, 1}, 10, dtype_of<T>, 0);
  set_weights(network);
  ParameterStore& store = network.store();
  Optimizer optimizer(store, {.momentum = values["momentum"]}, {values["learning_rate"].get<float>()});
  const int64_t batch = values["batch"], pixels = 28 * 28;
  const double mean = values["mean"], std = values["std"];
  const StepState zero{};
  const Tensor state = bytes_on_device(std::span(&zero, 1));
  std::vector<double> losses;
  for (int64_t step = 0; step < 10; ++step) {
    std::vector<T> host(size_t(batch * pixels));
    for (size_t i = 0; i < host.size(); ++i)
      host[i] = T(float((images.images[size_t(step * batch * pixels) + i] / 255.0 - mean) / std));
    const std::vector<int32_t> labels(images.labels.begin() + step * batch, images.labels.begin() + (step + 1) * batch);
    Tape tape;
    const Tensor logits = network.forward(Tensor::from_host(host, {batch, 28, 28, 1}), {.training = true});
    const Tensor loss = cross_entropy(logits, Tensor::from_host(labels, {batch}), {});
    store.begin_gradients();
    tape.backward(loss);
    store.finish_gradients();
    optimizer.step(reinterpret_cast<const StepState*>(state.raw()));
    losses.push_back(double(loss.to_host<T>()[0]));
  }
  return losses;
}

TEST(Training, FirstTenLossesEqualPyTorchs) {
  const std::string root = CUCURBIT_SOURCE_DIR;
  const auto values = nlohmann::json::parse(std::ifstream(root + "/tests/values/training.json"));
  const ImageSet images = load_idx_folder(root + "/data/mnist").train;
  for (const auto& network : values["networks"]) {
    const std::string which = network["network"];
    const std::vector<double> exact = first_losses<double>(which, images, values);
    const std::vector<double> single = first_losses<float>(which, images, values);
    for (size_t i = 0; i < 10; ++i) {
      // The file has 9 digits; momentum and rate are float constants here, which changes the ninth.
      EXPECT_NEAR(exact[i], network["f64"][i].get<double>(), 2e-7) << which << " step " << i;
      // PyTorch's own float32 values differ from its float64 values by up to 1e-5.
      EXPECT_NEAR(single[i], network["f64"][i].get<double>(), 3e-5) << which << " step " << i;
    }
  }
}

}  // namespace
}  // namespace cucurbit
