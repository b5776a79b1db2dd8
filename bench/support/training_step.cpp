#include "bench/support/training_step.h"

#include <array>
#include <cmath>

#include "bench/support/device_values.h"
#include "bench/support/hash_values.h"
#include "engine/autograd.h"
#include "engine/nn/layers.h"
#include "engine/ops/cross_entropy.h"
#include "engine/runtime/stream.h"
#include "kernels/step.h"

namespace cucurbit::bench {

namespace {
constexpr int64_t kBatch = 128, kClasses = 10;
constexpr float kLearningRate = 1e-3f;

std::unique_ptr<Sequential> mlp() {
  auto net = std::make_unique<Sequential>();
  net->emplace<Flatten>();
  net->emplace<Linear>(784, 1200, Activation::relu);
  net->emplace<Linear>(1200, 1200, Activation::relu);
  net->emplace<Linear>(1200, kClasses);
  return net;
}

void add_convolution(Sequential& net, int64_t in, int64_t out) {
  net.emplace<Conv2d>(in, out, Conv2d::Options{.kernel = 3, .geometry = {.padding = 1}, .bias = false});
  net.emplace<BatchNorm2d>(out, Activation::relu);
}

std::unique_ptr<Sequential> convnet() {
  auto net = std::make_unique<Sequential>();
  const PoolGeometry halves{.kernel = 2, .stride = 2};
  add_convolution(*net, 1, 32);
  add_convolution(*net, 32, 32);
  net->emplace<Pool2d>(PoolKind::max, halves);
  add_convolution(*net, 32, 64);
  add_convolution(*net, 64, 64);
  net->emplace<Pool2d>(PoolKind::max, halves);
  net->emplace<Flatten>();
  net->emplace<Linear>(3136, 128, Activation::relu);
  net->emplace<Linear>(128, kClasses);
  return net;
}

/// Values of the parameter that follows the weight of layer `layer`: a bias, or gamma (`second` false) and beta.
std::vector<float> vector_values(int64_t size, uint32_t layer, bool convolution, bool second) {
  if (!convolution) return hash_values(size, 4 * layer + 1, 0.05);
  return second ? hash_values(size, 4 * layer + 2, 0.1) : hash_values(size, 4 * layer + 1, 0.1, 1);
}
}  // namespace

TrainingStep::TrainingStep(const std::string& network, DType compute) {
  const bool convolutional = network == "convnet";
  // Outputs of convolutions, of batch norms with ReLU and of pools; of linear layers with their activation.
  constexpr int64_t kConvnet = 2 * (2 * 32 * 784 + 2 * 64 * 196) + 32 * 196 + 64 * 49 + 128 + 10,
                    kMlp = 1200 + 1200 + 10;
  activations_ = kBatch * (convolutional ? kConvnet : kMlp);
  first_layer_flop_ = double(kBatch) * 2 * (convolutional ? 784 * 9 * 32 : 784 * 1200);
  network_ =
      std::make_unique<Network>(network, convolutional ? convnet() : mlp(), Shape{28, 28, 1}, kClasses, compute, 0);
  load_hashed_weights();
  optimizer_ = std::make_unique<Optimizer>(network_->arena(), OptimizerOptions{.momentum = 0.9},
                                           std::vector<float>{kLearningRate});
  images_ = on_device(hash_values(kBatch * 784, 100), {kBatch, 28, 28, 1}, compute);
  labels_ = Tensor::from_host(hash_labels(kBatch, kClasses), {kBatch});
  state_ = bytes_on_device(std::span<const StepState>(std::array{StepState{}}));
  metrics_ = Tensor::zeros({int64_t(sizeof(kernels::StepMetrics))}, DType::u8);
}

void TrainingStep::load_hashed_weights() {
  uint32_t layer = 0, vectors = 0;
  bool convolution = false;
  for (const auto& [name, parameter] : network_->arena().state().parameters) {
    const Shape& shape = parameter->shape;
    std::vector<float> values;
    if (shape.rank() > 1) {
      layer += parameter != network_->arena().state().parameters.front().item;
      convolution = shape.rank() == 4;
      vectors = 0;
      values = hash_values(shape.size(), 4 * layer, std::sqrt(6.0 / double(shape.size() / shape[0])));
    } else {
      values = vector_values(shape.size(), layer, convolution, vectors++ > 0);
    }
    parameter->master.copy_from_host(values.data(), values.size() * sizeof(float));
  }
  network_->arena().refresh_shadow();
}

void TrainingStep::run_eagerly() {
  Arena& arena = network_->arena();
  auto* state = reinterpret_cast<StepState*>(state_.raw());
  Tape tape;
  const Tensor logits = network_->forward(images_, {.training = true, .state = state});
  loss_ = cross_entropy(logits, labels_, {}, reinterpret_cast<kernels::StepMetrics*>(metrics_.raw()));
  arena.begin_gradients();
  tape.backward(loss_);
  arena.finish_gradients();
  optimizer_->step(state);
  kernels::advance(state, INT64_MAX, stream());
}

void TrainingStep::run() {
  if (!graph_) {
    Tensor eager = loss_;
    graph_ = std::make_unique<StepGraph>([this] { run_eagerly(); });
    loss_ = eager;
  }
  graph_->launch();
}

double TrainingStep::loss() const { return loss_.to_host<float>()[0]; }

/// Operations: forward, filter and data gradients of convolutions and linear layers, but no gradient of the images.
/// Bytes, each thing once each way: masters, momenta and gradients are read and written, in bf16 the shadow of the
/// weights too; activations are written forward and read backward, their gradients written and read. What one layer
/// reads of the layer before it may come from caches and is not counted.
Work TrainingStep::work() const {
  const Arena& arena = network_->arena();
  const double element = double(size_of(arena.compute()));
  const double shadow = arena.compute() == DType::bf16 ? 2 * element : 0;
  return {.flop = 3 * network_->forward_flop() * double(kBatch) - first_layer_flop_,
          .bytes = double(arena.parameter_count()) * (6 * sizeof(float) + shadow) + 4 * element * double(activations_) +
                   element * double(images_.size())};
}

}  // namespace cucurbit::bench
