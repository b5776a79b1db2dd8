#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "distill/cli/commands.h"
#include "distill/cli/csv.h"
#include "distill/cli/evaluation_data.h"
#include "distill/cli/predictions.h"
#include "engine/io/npy.h"

namespace cucurbit::cli {

namespace {
struct PredictFlags : EvaluationFlags {
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

void predict(const PredictFlags& flags) {
  apply_math(flags.math);
  EvaluationRun run = prepare_evaluation(flags);
  const Tensor logits = logits_of(run.loaded.network, DeviceSet(run.set, run.loaded.info.normalization));
  const std::vector<float> values = logits.to_host<float>();
  const std::vector<Prediction> predictions = predictions_of(values, run.loaded.info.class_names.size());
  if (!flags.logits.empty())
    write_npy(flags.logits, DType::f32, logits.shape().dims(), std::as_bytes(std::span(values)));
  if (flags.json)  // names of files may be of any encoding
    fmt::print("{}\n", result_json(predictions, run).dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  else if (!flags.logits.empty())
    fmt::print("{}: f32 {}\n", flags.logits, to_string(logits.shape()));
  else
    print_rows(predictions, run);
  if (!run.labelled || flags.json) return;
  const int64_t errors = errors_of(predictions, run.set), samples = run.set.count;
  fmt::print(stderr, "{} errors of {} images, accuracy {:.2f} %\n", errors, samples,
             100 * (1 - double(errors) / double(std::max<int64_t>(samples, 1))));
}
}  // namespace

void add_predict(CLI::App& program) {
  auto flags = std::make_shared<PredictFlags>();
  CLI::App* command = program.add_subcommand("predict", "Classify images with a trained network");
  add_evaluation_flags(*command, *flags);
  flags->takes_images = true;
  command->add_option("more", flags->more,
                      "the data may also be images without classes: files and folders of files, as many as you like");
  command->add_option("--logits", flags->logits, "write the logits [images, classes] to this .npy file instead");
  command->add_flag("--json", flags->json, "print the predictions as JSON");
  command->callback([flags] { predict(*flags); });
}

}  // namespace cucurbit::cli
