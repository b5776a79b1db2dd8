#include "distill/run/profile.h"

#include "distill/run/train.h"

namespace cucurbit {

StepProfile profile(const RunSpec& spec, const DistillSpec* distillation, const RunObserver& observer) {
  constexpr int kWarmUp = 3, kSteps = 10;
  const Setup setup = set_up(spec, distillation, observer);
  const TrainingTask task{spec, *setup.data, setup.objective(spec, distillation), observer};
  const DeviceLimits limits = measure_limits();
  Network profiled = make_network(spec, *setup.data, observer), captured = make_network(spec, *setup.data, observer);
  std::vector<OpTime> ops = time_ops(profiled, task, kWarmUp, kSteps);
  return {.ops = std::move(ops), .steps = kSteps, .limits = limits, .launches = launches_of_step(captured, task)};
}

}  // namespace cucurbit
