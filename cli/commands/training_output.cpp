#include "cli/commands/training_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/option_text.h"
#include "cli/progress.h"
#include "distill/run/find_lr.h"
#include "distill/run/profile.h"

namespace cucurbit::cli {

namespace {
void print_rates(const FoundRate& found) {
  constexpr size_t kRows = 20;
  const auto& points = found.sweep.points;
  const size_t stride = std::max<size_t>(1, points.size() / kRows);
  fmt::print("{:>10} {:>10} {:>10}\n", "lr", "loss", "smoothed");
  for (size_t i = 0; i < points.size(); i += stride)
    fmt::print("{:>10.3g} {:>10.4f} {:>10.4f}\n", points[i].rate, points[i].loss, points[i].smoothed);
  fmt::print("the loss falls fastest at --lr {:.2g}; a tenth of the rate of the least loss: --lr {:.2g}\n{}\n",
             found.sweep.steepest, found.sweep.below_minimum, found.csv.string());
}

void print_rates_json(const FoundRate& found) {
  const nlohmann::json json{
      {"steepest", found.sweep.steepest}, {"below_minimum", found.sweep.below_minimum}, {"csv", found.csv.string()}};
  fmt::print("{}\n", json.dump(2));
}

void print_profile(const StepProfile& profile) {
  fmt::print("{}", profile_table(profile.ops, profile.limits, profile.steps));
  fmt::print(
      "direct, algorithm: the share of an op's time that the device needs at least, at {:.1f} GB/s of bandwidth and "
      "{:.0f} GFLOP/s in f32 or {:.0f} in bf16, for the op's formula and for the algorithm that computes it\n",
      profile.limits.bandwidth * 1e-9, profile.limits.gemm_f32 * 1e-9, profile.limits.gemm_bf16 * 1e-9);
  fmt::print("a captured step has {} launches\n", profile.launches);
}
}  // namespace

bool ran_instead_of_training(const TrainingArguments& arguments, const DistillSpec* distillation) {
  const RunObserver observer = terminal_observer(arguments.quiet);
  if (arguments.profile) {
    print_profile(profile(arguments.spec, distillation, observer));
  } else if (arguments.find_lr) {
    const FoundRate found = find_lr(arguments.spec, distillation, observer);
    arguments.json ? print_rates_json(found) : print_rates(found);
  }
  return arguments.profile || arguments.find_lr;
}

void keep_arguments(const std::string& command, const std::vector<Option>& options, RunSpec& spec) {
  spec.amp_dtype = resolved(spec.amp_dtype);  // so that another machine repeats what this one did
  spec.output.arguments = args_toml(command, options);
}

}  // namespace cucurbit::cli
