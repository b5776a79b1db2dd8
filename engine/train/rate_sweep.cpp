#include "engine/train/rate_sweep.h"

#include <algorithm>
#include <cmath>

namespace cucurbit {

namespace {
constexpr double kKeep = 0.9;    // weight of the past in the smoothed loss
constexpr double kDiverged = 4;  // a smoothed loss above this many times the smallest one ends the sweep
constexpr int64_t kStepsAtOnce = 20;

std::vector<float> growing_rates(int64_t steps, double first, double last) {
  std::vector<float> rates;
  for (int64_t i = 0; i < steps; ++i)
    rates.push_back(float(first * std::pow(last / first, double(i) / double(std::max<int64_t>(steps - 1, 1)))));
  return rates;
}

/// Appends the steps whose losses are new; false if the sweep is over.
bool extend(RateSweep& sweep, const std::vector<float>& rates, const std::vector<float>& losses,
            int64_t grad_accum_steps) {
  double least = INFINITY;
  for (const RateSweep::Point& point : sweep.points) least = std::min(least, point.smoothed);
  for (size_t step = sweep.points.size(); (step + 1) * size_t(grad_accum_steps) <= losses.size(); ++step) {
    double loss = 0;
    for (int64_t i = 0; i < grad_accum_steps; ++i) loss += double(losses[step * size_t(grad_accum_steps) + size_t(i)]);
    loss /= double(grad_accum_steps);
    // Corrects the bias of starting from nothing: the weights of the losses so far add up to 1 - kKeep^step.
    const double before = sweep.points.empty() ? 0 : sweep.points.back().smoothed;
    const double weight = 1 - std::pow(kKeep, double(step)), whole = 1 - std::pow(kKeep, double(step) + 1);
    const double smoothed = (kKeep * weight * before + (1 - kKeep) * loss) / whole;
    if (!std::isfinite(smoothed) || smoothed > kDiverged * least) return false;
    least = std::min(least, smoothed);
    sweep.points.push_back({double(rates[step]), loss, smoothed});
  }
  return true;
}

void suggest(RateSweep& sweep) {
  const auto& points = sweep.points;
  if (points.empty()) return;
  const auto lowest = std::min_element(points.begin(), points.end(),
                                       [](const auto& a, const auto& b) { return a.smoothed < b.smoothed; });
  sweep.below_minimum = lowest->rate / 10;
  sweep.steepest = sweep.below_minimum;
  double steepest = 0;
  for (auto at = points.begin() + 1; at < lowest; ++at) {
    const double slope = ((at + 1)->smoothed - (at - 1)->smoothed) / std::log((at + 1)->rate / (at - 1)->rate);
    if (slope >= steepest) continue;
    steepest = slope;
    sweep.steepest = at->rate;
  }
}
}  // namespace

RateSweep sweep_rates(const std::function<Trainer(const TrainOptions&)>& make, TrainOptions options, int64_t steps,
                      double first, double last) {
  options.learning_rates = growing_rates(steps, first, last);
  options.optimizer.ema_decay = 0;
  options.keep_losses = true;
  Trainer trainer = make(options);
  RateSweep sweep;
  for (int64_t done = 0; done < steps;) {
    const int64_t now = std::min(kStepsAtOnce, steps - done);
    for (int64_t i = 0; i < now; ++i) trainer.step();
    done += now;
    if (!extend(sweep, options.learning_rates, trainer.losses(), options.grad_accum_steps)) break;
  }
  suggest(sweep);
  return sweep;
}

}  // namespace cucurbit
