#include "engine/train/trainer.h"

#include <fmt/format.h>

#include <cmath>

#include "engine/runtime/stream.h"
#include "kernels/elementwise.h"
#include "kernels/step.h"

namespace cucurbit {

namespace {
/// How many updates run eagerly before the capture: the first one sets up libraries and fills the pool.
constexpr int64_t kEagerUpdates = 2;

constexpr const char* kRemedies = "lower `lr`, warm up with `warmup_epochs`, or limit gradients with `clip_grad`";

std::unique_ptr<Step> checked(std::unique_ptr<Step> step, const TrainOptions& options) {
  const int64_t samples = step->samples();
  if (options.batch_size < 1 || options.grad_accum_steps < 1 || options.batch_size > samples / options.grad_accum_steps)
    throw Error(
        ErrorKind::usage,
        fmt::format("[train] `batch_size` {} times `grad_accum_steps` {} for {} images: expected at least 1 each "
                    "and a product of at most the number of images: lower `batch_size` or `grad_accum_steps`",
                    options.batch_size, options.grad_accum_steps, samples));
  if (options.learning_rates.empty())
    throw Error(ErrorKind::usage, "[train] no learning rates: expected one for each step");
  return step;
}

/// `value` as a scalar in device memory.
Tensor scalar(double value, DType dtype) {
  Tensor made = Tensor::empty({}, dtype);
  dispatch_float(dtype, "scalar", [&]<class T>(Type<T>) { kernels::fill(made.data<T>(), 1, value, stream()); });
  return made;
}

/// Throws Error if the steps since the last reading met invalid labels or values that are not finite. `first_bad_step`
/// counts from 1; it is 0 if every gradient was finite.
void expect_sound(const Meters::Totals& totals, int64_t first_bad_step, int64_t steps_done) {
  const kernels::StepMetrics& counts = totals.counts;
  if (counts.bad_labels > 0)
    throw Error(ErrorKind::input,
                fmt::format("[train] label {} outside 0..{} ({} such labels): correct the label file, or "
                            "the number of classes",
                            counts.bad_label, counts.classes - 1, counts.bad_labels));
  if (first_bad_step > 0)
    throw Error(ErrorKind::not_finite,
                fmt::format("[train] step {}: {} infinite or NaN: {}", first_bad_step,
                            counts.not_finite > 0 ? "the loss was" : "the loss was finite, gradients were", kRemedies));
  if (counts.not_finite > 0)
    throw Error(ErrorKind::not_finite,
                fmt::format("[train] up to step {}: the loss of {} samples was infinite or NaN: {}", steps_done,
                            counts.not_finite, kRemedies));
  for (const auto& [name, mean] : totals.readings)
    if (!std::isfinite(mean))
      throw Error(ErrorKind::not_finite,
                  fmt::format("[train] up to step {}: '{}' was infinite or NaN: {}", steps_done, name, kRemedies));
}
}  // namespace

Trainer::Trainer(std::unique_ptr<Step> step, const TrainOptions& options)
    : step_(checked(std::move(step), options)),
      options_(options),
      ahead_{.seed = options.seed, .grad_accum_steps = options.grad_accum_steps} {
  state_ = bytes_on_device(std::span<const StepState>(&ahead_, 1));
  if (options.grad_accum_steps > 1)
    share_ = scalar(1 / double(options.grad_accum_steps), accumulator_of(network().store().compute()));
  if (options.keep_losses)
    loss_history_ = Tensor::zeros({int64_t(options.learning_rates.size()) * options.grad_accum_steps}, DType::f32);
}

void Trainer::run_update() {
  auto* state = reinterpret_cast<StepState*>(state_.raw());
  const int64_t per_epoch = steps_per_epoch() * options_.grad_accum_steps;
  const StepContext context{options_.batch_size, state, meters_, share_, loss_history_};
  for (Learner* learner : step_->learners()) learner->begin_gradients();
  for (int64_t i = 1; i < options_.grad_accum_steps; ++i) {
    step_->run(context);
    kernels::advance(state, per_epoch, stream());
  }
  step_->run(context);
  for (Learner* learner : step_->learners()) learner->update(state);
  step_->after_update(state);
  kernels::advance(state, per_epoch, stream());
}

void Trainer::step_or_fail() {
  step_->prepare(ahead_, options_.batch_size);
  if (graph_) {
    graph_->launch();
  } else {
    run_update();
    if (options_.graph && ++eager_ == kEagerUpdates) graph_ = std::make_unique<StepGraph>([this] { run_update(); });
  }
  const int64_t per_epoch = steps_per_epoch() * options_.grad_accum_steps;
  for (int64_t i = 0; i < options_.grad_accum_steps; ++i) ahead_ = ahead_.next(per_epoch);
}

void Trainer::step() {
  try {
    step_or_fail();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::out_of_memory) throw;
    throw with_fitting_batch(error);
  }
}

void Trainer::begin_epoch(int64_t epoch) {
  if (!step_->begin_epoch(epoch)) return;
  graph_.reset();
  eager_ = 0;
}

Error Trainer::with_fitting_batch(const Error& error) {
  graph_.reset();
  const int64_t failed = options_.batch_size, fitting = largest_batch_that_fits();
  return Error(error.kind(), fmt::format("{} (`batch_size` {} failed; {})", error.what(), failed,
                                         fitting > 0 ? fmt::format("`batch_size` {} was tried and fits", fitting)
                                                     : "not even 1 fits"));
}

/// True if a step of this batch size fits in memory, and inference fits beside the memory that the step's graph would
/// keep.
bool Trainer::fits(int64_t batch_size) {
  options_.batch_size = batch_size;
  try {
    Pool::current().trim();
    set_position(ahead_);  // after a failed step, host and device may be at different positions
    step_->prepare(ahead_, batch_size);
    const auto pool = std::make_shared<Pool>();
    {
      const PoolScope scope(*pool);
      run_update();
    }
    step_->try_inference(batch_size);
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
  // Narrows the gap to an eighth of the batch size; each trial costs about a step.
  while (fitting > 0 && failing - fitting > std::max<int64_t>(fitting / 8, 1)) {
    const int64_t middle = fitting + (failing - fitting) / 2;
    (fits(middle) ? fitting : failing) = middle;
  }
  return fitting;
}

TrainMetrics Trainer::take_metrics() {
  Meters::Totals totals = meters_.take();
  int64_t first_bad_step = 0;
  for (Learner* learner : step_->learners())
    if (first_bad_step == 0) first_bad_step = learner->optimizer().first_not_finite();
  expect_sound(totals, first_bad_step, position().step());
  const double samples = double(std::max<int64_t>(totals.counts.samples, 1));
  TrainMetrics metrics{.loss = totals.counts.loss_sum / samples,
                       .top1 = double(totals.counts.correct) / samples,
                       .samples = totals.counts.samples,
                       .waited = step_->take_waited()};
  for (MeterReading& reading : totals.readings)
    if (reading.name == "loss")
      metrics.loss = reading.mean;
    else
      metrics.terms.push_back(std::move(reading));
  return metrics;
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
  std::vector<float> all = loss_history_.to_host<float>();
  all.resize(size_t(std::min(position().micro_batch, int64_t(all.size()))));
  return all;
}

}  // namespace cucurbit
