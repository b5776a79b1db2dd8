#include "engine/optim/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/error.h"

namespace cucurbit {

namespace {
using Kind = Schedule::Kind;

template <class... Args>
void expect(bool good, fmt::format_string<Args...> format, Args&&... args) {
  if (!good) throw Error(ErrorKind::usage, "[schedule] " + fmt::format(format, std::forward<Args>(args)...));
}

void check(const Schedule& s, int64_t total_steps) {
  expect(std::isfinite(s.peak) && s.peak >= 0, "learning rate {}: expected a number >= 0", s.peak);
  expect(total_steps >= 0, "{} steps: expected 0 or more", total_steps);
  expect(s.warmup_steps >= 0 && s.warmup_steps <= total_steps,
         "warm-up of {} steps in a training of {}: shorten the warm-up", s.warmup_steps, total_steps);
  expect(s.warmup_start >= 0 && s.warmup_start <= 1, "warm-up from {} times the peak: expected 0 to 1", s.warmup_start);
  if (s.kind == Kind::step) expect(s.period >= 1, "period of {} steps: expected at least 1", s.period);
  if (s.kind == Kind::multistep)
    expect(std::is_sorted(s.milestones.begin(), s.milestones.end()),
           "{} milestones out of order: expected ascending steps", s.milestones.size());
  if (s.kind == Kind::step || s.kind == Kind::multistep)
    expect(std::isfinite(s.gamma) && s.gamma >= 0, "gamma {}: expected a number >= 0", s.gamma);
  if (s.kind == Kind::cosine)
    expect(std::isfinite(s.final_rate) && s.final_rate >= 0, "final rate {}: expected a number >= 0", s.final_rate);
  if (s.kind == Kind::one_cycle) {
    expect(s.rise >= 0 && s.rise <= 1, "one-cycle rise {}: expected 0 to 1", s.rise);
    expect(s.start_divisor > 0 && s.final_divisor > 0, "one-cycle divisors {} and {}: expected numbers > 0",
           s.start_divisor, s.final_divisor);
  }
}

/// Half a cosine from `from` at 0 to `to` at 1.
double half_cosine(double from, double to, double at) {
  return to + (from - to) / 2 * (1 + std::cos(std::numbers::pi * at));
}

double one_cycle(const Schedule& s, double t, double n) {
  const double start = s.peak / s.start_divisor, final = start / s.final_divisor;
  const double top = s.rise * n - 1;  // the step, possibly fractional, at which the rate is peak
  if (t <= top) return top > 0 ? half_cosine(start, s.peak, t / top) : s.peak;
  return n - 1 > top ? half_cosine(s.peak, final, (t - top) / (n - 1 - top)) : final;
}

/// The rate at step t of the n steps after the warm-up.
double rate_at(const Schedule& s, int64_t t, int64_t n) {
  switch (s.kind) {
    case Kind::constant:
      return s.peak;
    case Kind::step:
      return s.peak * std::pow(s.gamma, double(t / s.period));
    case Kind::multistep: {
      const auto passed = std::upper_bound(s.milestones.begin(), s.milestones.end(), t) - s.milestones.begin();
      return s.peak * std::pow(s.gamma, double(passed));
    }
    case Kind::cosine:
      return half_cosine(s.peak, s.final_rate, double(t) / double(n));
    case Kind::one_cycle:
      return one_cycle(s, double(t), double(n));
  }
  throw Error(ErrorKind::bug, fmt::format("[schedule] unknown kind {}", int(s.kind)));
}
}  // namespace

std::vector<float> learning_rates(const Schedule& schedule, int64_t total_steps) {
  check(schedule, total_steps);
  const int64_t warmup = schedule.warmup_steps;
  std::vector<float> rates(total_steps);
  for (int64_t step = 0; step < total_steps; ++step) {
    const double climbed = schedule.warmup_start + (1 - schedule.warmup_start) * double(step) / double(warmup);
    rates[step] =
        float(step < warmup ? schedule.peak * climbed : rate_at(schedule, step - warmup, total_steps - warmup));
  }
  return rates;
}

}  // namespace cucurbit
