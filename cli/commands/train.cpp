#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/commands/training_output.h"
#include "cli/progress.h"
#include "distill/run/run.h"

namespace cucurbit::cli {

namespace {
void print_result(const Trained& trained, const std::string& data) {
  if (trained.test.samples > 0)
    fmt::print("{}: {} test errors of {} ({:.2f} %), {} parameters, {} epochs, {:.1f} s\n", trained.model,
               trained.test.errors, trained.test.samples, 100 * trained.test.top1, trained.parameters, trained.epochs,
               trained.seconds);
  fmt::print("best weights: {}; evaluate: cucurbit eval {} {}\n", trained.weights.string(), trained.weights.string(),
             data);
}

void train(const TrainingArguments& arguments) {
  if (ran_instead_of_training(arguments, nullptr)) return;
  const TrainingResult result = run_training(arguments.spec, training_observer(arguments.quiet, !arguments.no_color));
  if (arguments.json)
    fmt::print("{}\n", summary_of(result.network).dump(2));
  else
    print_result(result.network, arguments.spec.data.data);
}
}  // namespace

Call call_train() {
  const auto arguments = std::make_shared<TrainingArguments>();
  std::vector<Option> options = training_options(*arguments);
  return {options, [arguments, options] {
            keep_arguments("train", options, arguments->spec);
            train(*arguments);
          }};
}

}  // namespace cucurbit::cli
