#include "engine/train/trainer.h"

#include <fmt/format.h>

#include <array>

#include "engine/autograd.h"
#include "engine/runtime/check.h"
#include "engine/runtime/stream.h"
#include "kernels/error.h"
#include "kernels/step.h"

namespace cucurbit {

namespace {
/// Steps that run eagerly before the capture: the first one sets up libraries and fills the pool.
constexpr int64_t kEagerSteps = 2;

Network& checked(Network& network, const DeviceSet& data, const TrainOptions& options) {
  if (options.batch_size < 1 || options.batch_size > data.count())
    throw Error(ErrorKind::usage, fmt::format("[train] batch size {} for {} images: want 1 to {}", options.batch_size,
                                              data.count(), data.count()));
  if (data.image_shape() != network.input())
    throw Error(ErrorKind::input, fmt::format("[train] images {} for a network of {}", to_string(data.image_shape()),
                                              to_string(network.input())));
  if (options.learning_rates.empty()) throw Error(ErrorKind::usage, "[train] 0 steps: want at least one");
  return network;
}
}  // namespace

Trainer::Trainer(Network& network, const DeviceSet& data, const TrainOptions& options, LossFunction loss)
    : network_(checked(network, data, options)),
      data_(data),
      options_(options),
      loss_(std::move(loss)),
      optimizer_(network.arena(), options.optimizer, options.learning_rates),
      state_(bytes_on_device(
          std::span<const StepState>(std::array{StepState{.seed = options.seed, .step = 0, .epoch = 0, .batch = 0}}))),
      metrics_(Tensor::zeros({int64_t(sizeof(kernels::StepMetrics))}, DType::u8)) {}

void Trainer::run_once() {
  Arena& arena = network_.arena();
  auto* state = reinterpret_cast<StepState*>(state_.raw());
  Tape tape;
  const Batch batch = data_.training_batch(options_.batch_size, state, options_.augmentation, arena.compute());
  const Tensor logits = network_.forward(batch.images, {.training = true, .state = state});
  const Tensor loss = loss_(logits, batch, reinterpret_cast<kernels::StepMetrics*>(metrics_.raw()));
  arena.begin_gradients();
  tape.backward(loss);
  arena.finish_gradients();
  optimizer_.step(state);
  kernels::advance(state, steps_per_epoch(), stream());
}

void Trainer::step() {
  if (graph_) {
    graph_->launch();
  } else {
    run_once();
    if (options_.graph && steps_ + 1 == kEagerSteps) graph_ = std::make_unique<StepGraph>([this] { run_once(); });
  }
  ++steps_;
}

TrainMetrics Trainer::take_metrics() {
  kernels::StepMetrics sums{};
  metrics_.copy_to_host(&sums, sizeof sums);
  metrics_.fill_zero();
  if (sums.bad_labels > 0)
    throw Error(ErrorKind::input,
                fmt::format("[train] label {} outside 0..{} ({} such labels): correct the label file, or "
                            "the number of classes",
                            sums.bad_label, sums.classes - 1, sums.bad_labels));
  if (sums.not_finite > 0)
    throw Error(ErrorKind::not_finite, fmt::format("[train] the loss of {} samples was infinite or NaN up to step {}: "
                                                   "lower --lr, or warm up with --warmup-epochs",
                                                   sums.not_finite, steps_));
  const double samples = double(std::max<int64_t>(sums.samples, 1));
  return {.loss = sums.loss_sum / samples, .top1 = double(sums.correct) / samples, .samples = sums.samples};
}

}  // namespace cucurbit
