#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/commands/training_output.h"
#include "cli/progress.h"
#include "distill/run/run.h"

namespace cucurbit::cli {

namespace {
struct DistillArguments : TrainingArguments {
  DistillSpec distillation;
};

void print_row(const char* role, const Trained& trained) {
  fmt::print("{:<18} {:<14} {:>11} {:>12} {:>9.2f} % {:>7} {:>8.1f}\n", role, trained.model, trained.parameters,
             trained.test.errors, 100 * trained.test.top1, trained.epochs, trained.seconds);
}

void print_result(const DistillationResult& result, const std::string& data) {
  fmt::print("{:<18} {:<14} {:>11} {:>12} {:>11} {:>7} {:>8}\n", "", "model", "parameters", "test errors", "accuracy",
             "epochs", "seconds");
  print_row("teacher", result.teacher);
  if (result.student_alone) print_row("student alone", *result.student_alone);
  print_row("student distilled", result.student_distilled);
  const std::string weights = result.student_distilled.weights.string();
  fmt::print("best weights: {}; evaluate: cucurbit eval {} {}\n", weights, weights, data);
  fmt::print("summary: {}\n", (result.folder / "summary.json").string());
}

void distill(const DistillArguments& arguments) {
  if (ran_instead_of_training(arguments, &arguments.distillation)) return;
  const DistillationResult result =
      run_distillation(arguments.spec, arguments.distillation, training_observer(arguments.quiet, !arguments.no_color));
  if (arguments.json)
    fmt::print("{}\n", summary_of(result).dump(2));
  else
    print_result(result, arguments.spec.data.data);
}
}  // namespace

Call call_distill() {
  const auto arguments = std::make_shared<DistillArguments>();
  std::vector<Option> options = joined({training_options(*arguments), distillation_options(arguments->distillation)});
  return {options, [arguments, options] {
            keep_arguments("distill", options, arguments->spec);
            distill(*arguments);
          }};
}

}  // namespace cucurbit::cli
