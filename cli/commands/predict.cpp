#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/commands/evaluation_arguments.h"
#include "distill/run/csv.h"
#include "distill/run/predictions.h"
#include "engine/io/npy.h"

namespace cucurbit::cli {

namespace {
struct PredictArguments : EvaluationArguments {
  std::string logits;
  bool json = false;
};

int64_t errors_of(const std::vector<Prediction>& predictions, const ImageSet& set) {
  int64_t errors = 0;
  for (size_t i = 0; i < predictions.size(); ++i) errors += predictions[i].label != set.labels[i];
  return errors;
}

/// "index,class,probability" of every row; of files "path,class,probability".
void print_rows(const std::vector<Prediction>& predictions, const EvaluationRun& run) {
  const ImageSet& set = run.set;
  fmt::print("{},class,probability\n", set.paths.empty() ? "index" : "path");
  for (size_t i = 0; i < predictions.size(); ++i)
    fmt::print("{},{},{:.6f}\n", set.paths.empty() ? std::to_string(i) : csv_field(set.paths[i]),
               csv_field(run.loaded.info.class_names[size_t(predictions[i].label)]), predictions[i].probability);
}

nlohmann::json result_json(const std::vector<Prediction>& predictions, const EvaluationRun& run) {
  nlohmann::json rows = nlohmann::json::array();
  for (size_t i = 0; i < predictions.size(); ++i) {
    nlohmann::json row{{"class", run.loaded.info.class_names[size_t(predictions[i].label)]},
                       {"probability", predictions[i].probability}};
    run.set.paths.empty() ? row["index"] = i : row["path"] = run.set.paths[i];
    rows.push_back(std::move(row));
  }
  nlohmann::json result{
      {"model", run.loaded.info.model}, {"samples", predictions.size()}, {"predictions", std::move(rows)}};
  if (run.labelled)
    result["accuracy"] = 1 - double(errors_of(predictions, run.set)) / double(std::max<size_t>(predictions.size(), 1));
  return result;
}

void predict(const PredictArguments& arguments) {
  EvaluationRun run = prepare(arguments);
  const Tensor logits = logits_of(run.loaded.network, DeviceSet(run.set, run.loaded.info.normalization));
  const std::vector<float> values = logits.to_host<float>();
  const std::vector<Prediction> predictions = predictions_of(values, run.loaded.info.class_names.size());
  if (!arguments.logits.empty())
    write_npy(arguments.logits, DType::f32, logits.shape().dims(), std::as_bytes(std::span(values)));
  if (arguments.json)  // names of files may be of any encoding
    fmt::print("{}\n", result_json(predictions, run).dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  else if (!arguments.logits.empty())
    fmt::print("{}: f32 {}\n", arguments.logits, to_string(logits.shape()));
  else
    print_rows(predictions, run);
  if (!run.labelled || arguments.json) return;
  const int64_t errors = errors_of(predictions, run.set), samples = run.set.count;
  fmt::print(stderr, "{} errors of {} images, accuracy {:.2f} %\n", errors, samples,
             100 * (1 - double(errors) / double(std::max<int64_t>(samples, 1))));
}
}  // namespace

Call call_predict() {
  const auto arguments = std::make_shared<PredictArguments>();
  arguments->spec.accepts_unlabelled = true;
  const std::vector<Option> own = {
      {"more", "Images without classes, in place of a data set: also accepts several files, and folders of files",
       &arguments->spec.more},
      {"--logits", "Write the logits [images, classes] to this .npy file instead", &arguments->logits},
      {"--json", "Print the predictions as JSON", &arguments->json}};
  return {joined({evaluation_options(arguments->spec, arguments->math), own}), [arguments] { predict(*arguments); }};
}

}  // namespace cucurbit::cli
