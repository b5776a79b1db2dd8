#include "bench/support/training_step.h"

#include <array>
#include <cmath>

#include "bench/support/device_values.h"
#include "bench/support/distill_loss.h"
#include "bench/support/hash_values.h"
#include "engine/autograd.h"
#include "engine/ops/cross_entropy.h"
#include "engine/runtime/stream.h"
#include "kernels/step.h"
#include "models/registry.h"

namespace cucurbit::bench {

namespace {
constexpr int64_t kBatch = 128, kClasses = 10;
constexpr float kLearningRate = 1e-3f;

/// Values of the parameter that follows the weight of layer `layer`: a bias, or gamma (`second` false) and beta.
std::vector<float> vector_values(int64_t size, uint32_t layer, bool convolution, bool second) {
  if (!convolution) return hash_values(size, 4 * layer + 1, 0.05);
  return second ? hash_values(size, 4 * layer + 2, 0.1) : hash_values(size, 4 * layer + 1, 0.1, 1);
}

void load_hashed_weights(ParameterStore& store) {
  uint32_t layer = 0, vectors = 0;
  bool convolution = false;
  for (const auto& [name, parameter] : store.state().parameters) {
    const Shape& shape = parameter->shape;
    std::vector<float> values;
    if (shape.rank() > 1) {
      layer += parameter != store.state().parameters.front().item;
      convolution = shape.rank() == 4;
      vectors = 0;
      values = hash_values(shape.size(), 4 * layer, std::sqrt(6.0 / double(shape.size() / shape[0])));
    } else {
      values = vector_values(shape.size(), layer, convolution, vectors++ > 0);
    }
    parameter->master.copy_from_host(values.data(), values.size() * sizeof(float));
  }
  store.refresh_low_precision_copy();
}

std::unique_ptr<Network> make_network(const std::string& name, DType compute) {
  const bool small = name == "mlp" || name == "convnet";
  const std::string model = name == "mlp" ? "mlp:1200x1200" : name == "mobilenetv2" ? "mobilenetv2-half" : name;
  const Shape image = small ? Shape{28, 28, 1} : Shape{32, 32, 3};
  auto network = std::make_unique<Network>(name, build_model(model, {.image = image, .classes = kClasses}), image,
                                           kClasses, compute, 0);
  load_hashed_weights(network->store());
  return network;
}
}  // namespace

TrainingStep::TrainingStep(const std::string& network, DType compute) {
  const size_t dash = network.find('-');
  if (dash != std::string::npos) teacher_ = make_network(network.substr(0, dash), compute);
  network_ = make_network(network.substr(dash + 1), compute);
  optimizer_ = std::make_unique<Optimizer>(network_->store(), OptimizerOptions{.momentum = 0.9},
                                           std::vector<float>{kLearningRate});
  const Shape& image = network_->input();
  images_ = on_device(hash_values(kBatch * image.size(), 100), {kBatch, image[0], image[1], image[2]}, compute);
  labels_ = Tensor::from_host(hash_labels(kBatch, kClasses), {kBatch});
  state_ = bytes_on_device(std::span<const StepState>(std::array{StepState{}}));
  metrics_ = Tensor::zeros({int64_t(sizeof(kernels::StepMetrics))}, DType::u8);
}

void TrainingStep::run_eagerly() {
  ParameterStore& store = network_->store();
  auto* state = reinterpret_cast<StepState*>(state_.raw());
  auto* metrics = reinterpret_cast<kernels::StepMetrics*>(metrics_.raw());
  const Tensor taught = teacher_ ? teacher_->forward(images_) : Tensor();
  Tape tape;
  const Tensor logits = network_->forward(images_, {.training = true, .state = state});
  loss_ = taught ? distill_logits(logits, taught, labels_, DistillLoss::options(), metrics)
                 : cross_entropy(logits, labels_, {}, metrics);
  store.begin_gradients();
  tape.backward(loss_);
  store.finish_gradients();
  optimizer_->step(state);
  kernels::advance(state, INT64_MAX, stream());
}

void TrainingStep::run() {
  if (!graph_) {
    const Tensor eager = loss_;
    graph_ = std::make_unique<StepGraph>([this] { run_eagerly(); });
    loss_ = eager;
  }
  graph_->launch();
}

double TrainingStep::loss() const { return loss_.to_host<float>()[0]; }

}  // namespace cucurbit::bench
