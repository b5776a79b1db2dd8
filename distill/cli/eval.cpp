#include <fmt/format.h>

#include <memory>

#include "distill/cli/commands.h"
#include "distill/cli/evaluation_data.h"

namespace cucurbit::cli {

namespace {
struct EvalFlags : EvaluationFlags {
  bool json = false;
};

void eval(const EvalFlags& flags) {
  apply_math(flags.math);
  auto [loaded, set] = prepare_evaluation(flags);
  const Evaluation result = evaluate(loaded.network, DeviceSet(set, loaded.info.normalization));
  const nlohmann::json json{{"model", loaded.info.model}, {"samples", result.samples}, {"errors", result.errors},
                            {"loss", result.loss},        {"top1", result.top1},       {"top5", result.top5}};
  if (flags.json)
    fmt::print("{}\n", json.dump(2));
  else
    fmt::print("{}: {} errors of {} ({:.2f} %), top-5 {:.2f} %, loss {:.5f}\n", loaded.info.model, result.errors,
               result.samples, 100 * result.top1, 100 * result.top5, result.loss);
}
}  // namespace

void add_eval(CLI::App& program) {
  auto flags = std::make_shared<EvalFlags>();
  CLI::App* command = program.add_subcommand("eval", "Measure a trained network on labelled images");
  add_evaluation_flags(*command, *flags);
  command->add_flag("--json", flags->json, "print the result as JSON");
  command->callback([flags] { eval(*flags); });
}

}  // namespace cucurbit::cli
