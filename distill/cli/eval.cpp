#include <fmt/format.h>

#include <memory>

#include "distill/cli/commands.h"
#include "distill/cli/evaluation_data.h"
#include "engine/io/atomic_file.h"

namespace cucurbit::cli {

namespace {
struct EvalFlags : EvaluationFlags {
  std::string tta = "none", confusion;
  bool json = false;
};

nlohmann::json result_json(const Evaluation& result, const CheckpointInfo& info) {
  nlohmann::json json{{"model", info.model}, {"samples", result.samples}, {"errors", result.errors},
                      {"loss", result.loss}, {"top1", result.top1},       {"top5", result.top5}};
  const std::vector<ClassReport> reports = class_reports(result);
  const size_t classes = reports.size();
  for (size_t c = 0; c < classes; ++c) {
    const auto row = result.confusion.begin() + std::ptrdiff_t(c * classes);
    json["classes"].push_back({{"name", info.class_names[c]},
                               {"images", reports[c].images},
                               {"correct", reports[c].correct},
                               {"accuracy", reports[c].recall},
                               {"precision", reports[c].precision}});
    json["confusion_matrix"].push_back(std::vector<int64_t>(row, row + std::ptrdiff_t(classes)));
  }
  return json;
}

void print_classes(const Evaluation& result, const std::vector<std::string>& class_names) {
  size_t width = 5;
  for (const std::string& name : class_names) width = std::max(width, name.size());
  fmt::print("{:<{}} {:>7} {:>7} {:>9} {:>10}\n", "class", width, "images", "correct", "accuracy", "precision");
  const std::vector<ClassReport> reports = class_reports(result);
  for (size_t c = 0; c < reports.size(); ++c)
    fmt::print("{:<{}} {:>7} {:>7} {:>7.2f} % {:>8.2f} %\n", class_names[c], width, reports[c].images,
               reports[c].correct, 100 * reports[c].recall, 100 * reports[c].precision);
}

void eval(const EvalFlags& flags) {
  apply_math(flags.math);
  auto [loaded, set, labelled] = prepare_evaluation(flags);
  const Evaluation result =
      evaluate(loaded.network, DeviceSet(set, loaded.info.normalization), {.flip = flags.tta == "flip"});
  if (!flags.confusion.empty()) write_file_atomically(flags.confusion, confusion_csv(result, loaded.info.class_names));
  if (flags.json) {
    fmt::print("{}\n", result_json(result, loaded.info).dump(2));
    return;
  }
  print_classes(result, loaded.info.class_names);
  fmt::print("{}: {} errors of {} ({:.2f} %), top-5 {:.2f} %, loss {:.5f}\n", loaded.info.model, result.errors,
             result.samples, 100 * result.top1, 100 * result.top5, result.loss);
}
}  // namespace

void add_eval(CLI::App& program) {
  auto flags = std::make_shared<EvalFlags>();
  CLI::App* command = program.add_subcommand("eval", "Measure a trained network on labelled images, class by class");
  add_evaluation_flags(*command, *flags);
  add_tta_flag(*command, flags->tta);
  command->add_option("--confusion-matrix", flags->confusion, "write the confusion matrix to this CSV file");
  command->add_flag("--json", flags->json, "print the result as JSON");
  command->callback([flags] { eval(*flags); });
}

}  // namespace cucurbit::cli
