#include "distill/run/recorder.h"

#include <fmt/format.h>

#include <fstream>

#include "distill/run/metrics.h"
#include "distill/run/report.h"
#include "distill/run/samples.h"
#include "engine/io/atomic_file.h"

namespace cucurbit {

namespace fs = std::filesystem;

namespace {
/// Empty for a file that does not exist.
std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
}  // namespace

Recorder::Recorder(const RunFolder& folder, std::string label, const Network& network, const RunData& data, double drop)
    : folder_(folder),
      label_(std::move(label)),
      data_(data),
      info_{.model = network.name(),
            .image = network.input(),
            .drop = float(drop),
            .class_names = data.class_names,
            .normalization = data.normalization},
      events_(folder.path()) {}

const CheckpointInfo& Recorder::describe(const TrainingRecord& record) {
  info_.epochs = int64_t(record.epochs.size());
  info_.seconds = record.seconds;
  return info_;
}

void Recorder::write_best(const Network& network, const EpochReport& report) {
  info_.epochs = report.epoch;
  info_.seconds = report.seconds;
  save_checkpoint(folder_.best_weights(label_), network, info_);
}

void Recorder::write_metrics(const TrainingRecord& record, bool epoch_ended) {
  if (epoch_ended) events_.add(record.epochs.back().epoch, scalars_of(record.epochs.back(), label_));
  write_file_atomically(folder_.file(label_, "metrics.csv"), metrics_csv(record.epochs));
}

void Recorder::write_results(Network& network, const TrainingRecord& record, const Trained& trained,
                             const EvaluationOptions& options) const {
  if (!trained.test.confusion.empty())
    write_file_atomically(folder_.file(label_, "confusion_matrix.csv"), confusion_csv(trained.test, data_.class_names));
  if (data_.validation)
    write_mistakes(folder_.sample(label_, "mistakes.png"), folder_.sample(label_, "mistakes.csv"), network, data_,
                   options);
  write_report(record, trained);
}

void Recorder::write_report(const TrainingRecord& record, const Trained& trained) const {
  Report report{.title = fmt::format("{}{}{} in {}", label_, label_.empty() ? "" : ": ", trained.model,
                                     folder_.path().filename().string()),
                .epochs = record.epochs,
                .test = trained.test,
                .class_names = data_.class_names,
                .arguments = read_text(folder_.path() / "args.toml"),
                .environment = read_text(folder_.path() / "env.json"),
                .weights = trained.weights.string()};
  for (const auto& [name, title] : {std::pair{"first-batch.png", "The first training batch, as the network sees it"},
                                    std::pair{"mistakes.png", "The most confident errors on the validation set"}})
    if (const fs::path png = folder_.sample(label_, name); fs::exists(png))
      report.pictures.push_back({title, read_text(png)});
  write_file_atomically(folder_.file(label_, "report.html"), report_html(report));
}

}  // namespace cucurbit
