#include "engine/train/fit.h"

#include <algorithm>
#include <chrono>

#include "engine/train/interrupt.h"

namespace cucurbit {

namespace {
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void merge(TrainMetrics& sum, const TrainMetrics& part) {
  sum.waited += part.waited;
  const double total = double(sum.samples + part.samples);
  if (total == 0) return;
  const auto add = [&](double& mean, double more) {
    mean = (mean * double(sum.samples) + more * double(part.samples)) / total;
  };
  add(sum.loss, part.loss);
  add(sum.top1, part.top1);
  sum.terms.resize(part.terms.size());
  for (size_t i = 0; i < part.terms.size(); ++i) {
    sum.terms[i].name = part.terms[i].name;
    add(sum.terms[i].mean, part.terms[i].mean);
  }
  sum.samples += part.samples;
}

/// How many steps to queue before the meters are read: about a quarter of a second's worth, so that reading them costs
/// next to nothing and a terminal still shows progress.
int64_t steps_between_readings(double seconds_per_step) {
  return std::clamp<int64_t>(int64_t(0.25 / std::max(seconds_per_step, 1e-6)), 1, 1000);
}

/// While an object of this class exists, the network computes with the moving average of its weights, if there is one.
class AveragedWeights {
 public:
  AveragedWeights(ParameterStore& store, const Tensor& average) : store_(store), average_(average) { exchange(); }
  ~AveragedWeights() { exchange(); }
  AveragedWeights(const AveragedWeights&) = delete;
  AveragedWeights& operator=(const AveragedWeights&) = delete;

 private:
  void exchange() {
    if (average_) store_.exchange_masters(average_);
  }
  ParameterStore& store_;
  const Tensor& average_;
};

/// Trains steps [first, steps) of an epoch and adds to `sum`; returns how many steps were done in the epoch.
int64_t train_epoch(Trainer& trainer, int64_t epoch, int64_t first, int64_t steps, const FitOptions& options,
                    const FitHooks& hooks, TrainMetrics& sum) {
  const auto start = Clock::now();
  const int64_t samples_before = sum.samples;
  int64_t stride = 1, done = first;
  while (done < steps && !interrupted()) {
    const int64_t now = std::min(stride, steps - done);
    for (int64_t i = 0; i < now; ++i) trainer.step();
    done += now;
    merge(sum, trainer.take_metrics());
    const double elapsed = seconds_since(start), per_step = elapsed / double(done - first);
    stride = steps_between_readings(per_step);
    const int64_t steps_left = steps - done + (options.epochs - epoch) * steps;
    if (hooks.progress)
      hooks.progress({.epoch = epoch,
                      .epochs = options.epochs,
                      .step = done,
                      .steps = steps,
                      .images_per_second = double(sum.samples - samples_before) / elapsed,
                      .seconds_left = per_step * double(steps_left),
                      .train = sum});
  }
  sum.seconds += seconds_since(start);
  return done;
}

float last_rate(const Trainer& trainer, int64_t steps_taken) {
  const std::vector<float>& rates = trainer.options().learning_rates;
  return rates[size_t(std::clamp<int64_t>(steps_taken, 1, int64_t(rates.size())) - 1)];
}

Evaluation validate(Trainer& trainer, const DeviceSet& validation, const EvaluationOptions& options) {
  try {
    return evaluate(trainer.network(), validation, options);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::out_of_memory) throw;
    throw trainer.with_fitting_batch(error);
  }
}

/// Validates after a complete epoch and adds the epoch to the record.
void finish_epoch(Trainer& trainer, const DeviceSet* validation, const FitOptions& options, const FitHooks& hooks,
                  TrainingRecord& record, EpochReport report) {
  {
    const AveragedWeights averaged(trainer.network().store(), trainer.optimizer().ema());
    if (validation) report.validation = validate(trainer, *validation, options.validation);
    if (!validation || report.validation.top1 > record.best_top1) {
      record.best_top1 = report.validation.top1;
      record.best_epoch = report.epoch;
      if (hooks.best) hooks.best(report);
    }
  }
  record.out_of_patience = options.patience > 0 && report.epoch - record.best_epoch >= options.patience;
  report.validation.confusion.clear();
  record.epochs.push_back(std::move(report));
  record.unfinished = {};
}
}  // namespace

void fit(Trainer& trainer, const DeviceSet* validation, const FitOptions& options, const FitHooks& hooks,
         TrainingRecord& record) {
  const auto start = Clock::now();
  const double seconds_before = record.seconds;
  const StepState position = trainer.position();
  int64_t taken = position.step(), first = position.epoch_micro_batch / position.grad_accum_steps;
  if (int64_t(record.epochs.size()) > position.epoch) {  // max_steps ended that epoch early: continue it
    record.unfinished = record.epochs.back().train;
    record.epochs.pop_back();
  }
  record.out_of_patience =
      options.patience > 0 && int64_t(record.epochs.size()) - record.best_epoch >= options.patience;
  while (int64_t(record.epochs.size()) < options.epochs && !record.out_of_patience && !interrupted()) {
    const int64_t epoch = int64_t(record.epochs.size()) + 1;
    int64_t steps = trainer.steps_per_epoch();
    if (options.max_steps > 0) steps = std::min(steps, first + options.max_steps - taken);
    if (steps <= first) break;
    trainer.begin_epoch(epoch - 1);
    const int64_t done = train_epoch(trainer, epoch, first, steps, options, hooks, record.unfinished);
    taken += done - first;
    first = 0;
    if (done == steps)
      finish_epoch(trainer, validation, options, hooks, record,
                   {.epoch = epoch,
                    .seconds = seconds_before + seconds_since(start),
                    .train = record.unfinished,
                    .validation = {},
                    .learning_rate = last_rate(trainer, taken)});
    record.seconds = seconds_before + seconds_since(start);
    if (hooks.after_epoch) hooks.after_epoch();
  }
}

}  // namespace cucurbit
