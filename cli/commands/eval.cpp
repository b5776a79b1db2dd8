#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/commands/evaluation_arguments.h"
#include "distill/run/metrics.h"
#include "engine/io/atomic_file.h"

namespace cucurbit::cli {

namespace {
struct EvalArguments : EvaluationArguments {
  TestTimeAugmentation tta = TestTimeAugmentation::none;
  std::string confusion;
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

void eval(const EvalArguments& arguments) {
  auto [loaded, set, labelled] = prepare(arguments);
  const Evaluation result = evaluate(loaded.network, DeviceSet(set, loaded.info.normalization),
                                     {.flip = arguments.tta == TestTimeAugmentation::flip});
  if (!arguments.confusion.empty())
    write_file_atomically(arguments.confusion, confusion_csv(result, loaded.info.class_names));
  if (arguments.json) {
    fmt::print("{}\n", result_json(result, loaded.info).dump(2));
    return;
  }
  print_classes(result, loaded.info.class_names);
  fmt::print("{}: {} errors of {} ({:.2f} %), top-5 {:.2f} %, loss {:.5f}\n", loaded.info.model, result.errors,
             result.samples, 100 * result.top1, 100 * result.top5, result.loss);
}
}  // namespace

Call call_eval() {
  const auto arguments = std::make_shared<EvalArguments>();
  const std::vector<Option> own = {
      tta_option(arguments->tta),
      {"--confusion-matrix", "Write the confusion matrix to this CSV file", &arguments->confusion},
      {"--json", "Print the result as JSON", &arguments->json}};
  return {joined({evaluation_options(arguments->spec, arguments->math), own}), [arguments] { eval(*arguments); }};
}

}  // namespace cucurbit::cli
