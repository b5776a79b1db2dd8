#include "engine/train/fit.h"

#include <algorithm>
#include <chrono>

#include "engine/train/interrupt.h"

namespace cucurbit {

namespace {
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void merge(TrainMetrics& sum, const TrainMetrics& part) {
  const double total = double(sum.samples + part.samples);
  if (total == 0) return;
  sum.loss = (sum.loss * double(sum.samples) + part.loss * double(part.samples)) / total;
  sum.top1 = (sum.top1 * double(sum.samples) + part.top1 * double(part.samples)) / total;
  sum.samples += part.samples;
}

/// How many steps to queue between looks at the counters: about a quarter of a second's worth, so that reading them
/// costs nothing and a terminal still sees progress.
int64_t steps_between_looks(double seconds_per_step) {
  return std::clamp<int64_t>(int64_t(0.25 / std::max(seconds_per_step, 1e-6)), 1, 1000);
}

/// While it lives the network computes with the moving average of its weights, if there is one.
class AveragedWeights {
 public:
  AveragedWeights(Arena& arena, const Tensor& average) : arena_(arena), average_(average) { exchange(); }
  ~AveragedWeights() { exchange(); }
  AveragedWeights(const AveragedWeights&) = delete;
  AveragedWeights& operator=(const AveragedWeights&) = delete;

 private:
  void exchange() {
    if (average_) arena_.exchange_masters(average_);
  }
  Arena& arena_;
  const Tensor& average_;
};

TrainMetrics train_epoch(Trainer& trainer, int64_t epoch, int64_t steps, const FitOptions& options,
                         const FitHooks& hooks) {
  const auto start = Clock::now();
  TrainMetrics sum;
  int64_t stride = 1;
  for (int64_t done = 0; done < steps && !interrupted();) {
    const int64_t now = std::min(stride, steps - done);
    for (int64_t i = 0; i < now; ++i) trainer.step();
    done += now;
    merge(sum, trainer.take_metrics());
    const double elapsed = seconds_since(start), per_step = elapsed / double(done);
    stride = steps_between_looks(per_step);
    const int64_t steps_left = steps - done + (options.epochs - epoch) * steps;
    if (hooks.progress)
      hooks.progress({.epoch = epoch,
                      .epochs = options.epochs,
                      .step = done,
                      .steps = steps,
                      .images_per_second = double(sum.samples) / elapsed,
                      .seconds_left = per_step * double(steps_left),
                      .loss = sum.loss});
  }
  return sum;
}
}  // namespace

EpochReport fit(Network& network, Trainer& trainer, const DeviceSet* validation, const FitOptions& options,
                const std::vector<float>& learning_rates, const FitHooks& hooks) {
  const auto start = Clock::now();
  EpochReport report;
  double best_top1 = -1;
  int64_t best_epoch = 0, taken = 0;
  for (int64_t epoch = 1; epoch <= options.epochs; ++epoch) {
    int64_t steps = trainer.steps_per_epoch();
    if (options.max_steps > 0) steps = std::min(steps, options.max_steps - taken);
    report.epoch = epoch;
    report.train = train_epoch(trainer, epoch, steps, options, hooks);
    taken += steps;
    report.learning_rate = learning_rates[size_t(std::min<int64_t>(taken, int64_t(learning_rates.size())) - 1)];
    const AveragedWeights averaged(network.arena(), trainer.optimizer().ema());
    if (validation) report.validation = evaluate(network, *validation);
    report.seconds = seconds_since(start);
    const bool best = !validation || report.validation.top1 > best_top1;
    if (best) {
      best_top1 = report.validation.top1;
      best_epoch = epoch;
    }
    if (hooks.epoch) hooks.epoch(report, best);
    if (options.patience > 0 && epoch - best_epoch >= options.patience) break;
    if (options.max_steps > 0 && taken >= options.max_steps) break;
    if (interrupted()) break;
  }
  return report;
}

}  // namespace cucurbit
