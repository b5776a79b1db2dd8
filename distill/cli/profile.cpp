#include "distill/cli/profile.h"

#include <fmt/format.h>

#include "engine/profile/limits.h"
#include "engine/runtime/stream.h"

namespace cucurbit::cli {

namespace {
constexpr int kWarmUp = 3, kSteps = 10;

/// Launches of one captured step.
size_t launches(Network& network, TrainOptions options, const MakeTrainer& make) {
  options.graph = true;
  Trainer trainer = make(network, options);
  while (trainer.launches() == 0) trainer.step();
  return trainer.launches();
}
}  // namespace

void profile(const TrainingFlags& flags, const RunData& data, const MakeTrainer& make) {
  const DeviceLimits limits = measure_limits();
  Network network = make_network(flags, data);
  TrainOptions options = flags.train_options(data.train.count());
  options.graph = false;
  std::vector<OpTime> ops;
  {
    Trainer trainer = make(network, options);
    for (int i = 0; i < kWarmUp; ++i) trainer.step();
    Profiler profiler;
    for (int i = 0; i < kSteps; ++i) trainer.step();
    ops = profiler.take();
  }
  fmt::print("{}", profile_table(ops, limits, kSteps));
  fmt::print(
      "direct, algorithm: the share of an op's time that the device needs at least, at {:.1f} GB/s of bandwidth and "
      "{:.0f} GFLOP/s in f32 or {:.0f} in bf16, for the op's formula and for the algorithm that computes it\n",
      limits.bandwidth * 1e-9, limits.gemm_f32 * 1e-9, limits.gemm_bf16 * 1e-9);
  fmt::print("a captured step has {} launches\n", launches(network, options, make));
}

}  // namespace cucurbit::cli
