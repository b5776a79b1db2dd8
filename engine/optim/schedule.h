#pragma once

#include <cstdint>
#include <vector>

#include "engine/enum_names.h"

namespace cucurbit {

/// A learning rate as a function of the step t, counted from the end of the warm-up; n is the number of steps after it.
struct Schedule {
  enum class Kind {
    constant,   ///< peak
    step,       ///< peak gamma^floor(t / period)
    multistep,  ///< peak gamma^(number of milestones <= t)
    cosine,     ///< final + (peak - final) (1 + cos(pi t / n)) / 2
    one_cycle,  ///< a cosine from peak / start_divisor up to peak over the first rise n steps, then a cosine down to
                ///< peak / (start_divisor final_divisor) (torch OneCycleLR, without momentum cycling)
  };

  Kind kind = Kind::constant;
  double peak = 0.1;

  double gamma = 0.1;                 // step, multistep
  int64_t period = 0;                 // step, in steps
  std::vector<int64_t> milestones{};  // multistep, in steps, ascending
  double final_rate = 0;              // cosine
  double rise = 0.3;                  // one_cycle
  double start_divisor = 25, final_divisor = 1e4;

  /// Over the first warmup_steps steps the rate rises linearly from warmup_start peak; it is peak at step warmup_steps.
  int64_t warmup_steps = 0;
  double warmup_start = 0.01;
};
constexpr auto names_of(Schedule::Kind) {
  using enum Schedule::Kind;
  return enum_names<Schedule::Kind>(
      {{constant, "constant"}, {step, "step"}, {multistep, "multistep"}, {cosine, "cosine"}, {one_cycle, "onecycle"}});
}

/// The learning rate of every step; computed in double and rounded once. Throws Error (usage) for rates that are
/// negative or not finite, a period below 1, milestones out of order, or a warm-up longer than the training.
std::vector<float> learning_rates(const Schedule& schedule, int64_t total_steps);

}  // namespace cucurbit
