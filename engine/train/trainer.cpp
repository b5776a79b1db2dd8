#include "engine/train/trainer.h"

#include <fmt/format.h>

#include "engine/autograd.h"
#include "engine/profile/profiler.h"
#include "engine/runtime/check.h"
#include "engine/runtime/stream.h"
#include "kernels/elementwise.h"
#include "kernels/error.h"
#include "kernels/step.h"

namespace cucurbit {

namespace {
/// Steps that run eagerly before the capture: the first one sets up libraries and fills the pool.
constexpr int64_t kEagerSteps = 2;

Network& checked(Network& network, const DeviceSet& data, const TrainOptions& options) {
  if (options.batch_size < 1 || options.grad_accum_steps < 1 ||
      options.batch_size > data.count() / options.grad_accum_steps)
    throw Error(
        ErrorKind::usage,
        fmt::format("[train] a batch size of {} and {} batches a step, for {} images: a step must not need more images "
                    "than the set has: lower `batch_size` or `grad_accum_steps`",
                    options.batch_size, options.grad_accum_steps, data.count()));
  if (data.image_shape() != network.input())
    throw Error(ErrorKind::input, fmt::format("[train] images {} for a network of {}", to_string(data.image_shape()),
                                              to_string(network.input())));
  if (options.learning_rates.empty()) throw Error(ErrorKind::usage, "[train] 0 steps: expected at least one");
  return network;
}

/// A scalar of the loss's type.
Tensor scalar(double value, DType dtype) {
  Tensor made = Tensor::empty({}, dtype);
  dispatch_float(dtype, "scalar", [&]<class T>(Type<T>) { kernels::fill(made.data<T>(), 1, value, stream()); });
  return made;
}
}  // namespace

Trainer::Trainer(Network& network, const DeviceSet& data, const TrainOptions& options, LossFunction loss)
    : network_(checked(network, data, options)),
      data_(data),
      options_(options),
      loss_(std::move(loss)),
      optimizer_(network.store(), options.optimizer, options.learning_rates),
      metrics_(Tensor::zeros({int64_t(sizeof(kernels::StepMetrics))}, DType::u8)),
      ahead_{.seed = options.seed, .grad_accum_steps = options.grad_accum_steps} {
  state_ = bytes_on_device(std::span<const StepState>(&ahead_, 1));
  if (options.grad_accum_steps > 1)
    share_ = scalar(1 / double(options.grad_accum_steps), accumulator_of(network.store().compute()));
  if (options.keep_losses)
    losses_ = Tensor::zeros({int64_t(options.learning_rates.size()) * options.grad_accum_steps}, DType::f32);
}

Batch Trainer::next_batch() {
  const Shape image = data_.image_shape();
  const ProfileScope profile("batch", [&] {
    const double elements = double(options_.batch_size * image.size());
    const double bytes = elements * (1 + double(size_of(network_.store().compute())));  // read as u8, written
    return OpDescription{fmt::format("{}x{}", options_.batch_size, to_string(image)), {.flop = 0, .bytes = bytes}};
  });
  return data_.training_batch(options_.batch_size, state(), options_.augmentation, network_.store().compute());
}

void Trainer::run_batch() {
  auto* state = reinterpret_cast<StepState*>(state_.raw());
  Tape tape;
  const Batch batch = next_batch();
  const Tensor logits = network_.forward(batch.images, {.training = true, .state = state});
  const Tensor loss = loss_(logits, batch, reinterpret_cast<kernels::StepMetrics*>(metrics_.raw()));
  if (losses_)
    dispatch_float(loss.dtype(), "losses", [&]<class T>(Type<T>) {
      kernels::keep_value(loss.data<acc_t<T>>(), state, losses_.data<float>(), losses_.size(), stream());
    });
  tape.backward(loss, share_);
}

void Trainer::run_once() {
  auto* state = reinterpret_cast<StepState*>(state_.raw());
  const int64_t batches_per_epoch = steps_per_epoch() * options_.grad_accum_steps;
  network_.store().begin_gradients();
  for (int64_t i = 1; i < options_.grad_accum_steps; ++i) {
    run_batch();
    kernels::advance(state, batches_per_epoch, stream());
  }
  run_batch();
  network_.store().finish_gradients();
  optimizer_.step(state);
  kernels::advance(state, batches_per_epoch, stream());
}

void Trainer::step_or_fail() {
  data_.prepare(ahead_, options_.batch_size, options_.grad_accum_steps);
  if (graph_) {
    graph_->launch();
  } else {
    run_once();
    if (options_.graph && steps_ + 1 == kEagerSteps) graph_ = std::make_unique<StepGraph>([this] { run_once(); });
  }
  ++steps_;
  for (int64_t i = 0; i < options_.grad_accum_steps; ++i)
    ahead_ = ahead_.next(steps_per_epoch() * options_.grad_accum_steps);
}

void Trainer::step() {
  try {
    step_or_fail();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::out_of_memory) throw;
    throw with_fitting_batch(error);
  }
}

Error Trainer::with_fitting_batch(const Error& error) {
  graph_.reset();
  const int64_t failed = options_.batch_size, fitting = largest_batch_that_fits();
  return Error(error.kind(), fmt::format("{} (`batch_size` {} failed; {})", error.what(), failed,
                                         fitting > 0 ? fmt::format("`batch_size` {} was tried and fits", fitting)
                                                     : "not even 1 fits"));
}

/// True if a step of this size runs, and an evaluation beside the memory that its graph would keep.
bool Trainer::fits(int64_t batch_size) {
  options_.batch_size = batch_size;
  try {
    Pool::current().trim();
    set_position(ahead_);  // on which the device's images and those in host memory agree
    data_.prepare(ahead_, batch_size, options_.grad_accum_steps);
    const auto pool = std::make_shared<Pool>();
    {
      const PoolScope scope(*pool);
      run_once();
    }
    network_.forward(data_.range(0, batch_size, network_.store().compute()).images);
    synchronize();
    return true;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::out_of_memory) throw;
    return false;
  }
}

int64_t Trainer::largest_batch_that_fits() {
  int64_t fitting = 0, failing = options_.batch_size;
  for (int64_t size = failing / 2; size >= 1 && fitting == 0; size /= 2) (fits(size) ? fitting : failing) = size;
  // Closer to the limit, to an eighth: a try costs about a step.
  while (fitting > 0 && failing - fitting > std::max<int64_t>(fitting / 8, 1)) {
    const int64_t middle = fitting + (failing - fitting) / 2;
    (fits(middle) ? fitting : failing) = middle;
  }
  return fitting;
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
  constexpr const char* kRemedies = "lower `lr`, warm up with `warmup_epochs`, or limit gradients with `clip_grad`";
  const int64_t bad_step = optimizer_.first_not_finite();
  if (bad_step > 0)
    throw Error(ErrorKind::not_finite,
                fmt::format("[train] step {}: {} infinite or NaN: {}", bad_step,
                            sums.not_finite > 0 ? "the loss was" : "the loss was finite, gradients were", kRemedies));
  if (sums.not_finite > 0)
    throw Error(ErrorKind::not_finite,
                fmt::format("[train] up to step {}: the loss of {} samples was infinite or NaN: {}", position().step(),
                            sums.not_finite, kRemedies));
  const double samples = double(std::max<int64_t>(sums.samples, 1));
  return {.loss = sums.loss_sum / samples,
          .top1 = double(sums.correct) / samples,
          .samples = sums.samples,
          .waited = data_.take_waited()};
}

StepState Trainer::position() const {
  StepState position{};
  state_.copy_to_host(&position, sizeof position);
  return position;
}

void Trainer::set_position(const StepState& position) {
  state_.copy_from_host(&position, sizeof position);
  ahead_ = position;
}

std::vector<float> Trainer::losses() const {
  std::vector<float> all = losses_.to_host<float>();
  all.resize(size_t(std::min(position().micro_batch, int64_t(all.size()))));
  return all;
}

}  // namespace cucurbit
