#include "distill/run/metrics.h"

#include <fmt/format.h>

#include "distill/run/csv.h"

namespace cucurbit {

namespace {
/// The terms that any epoch has, in the order of their first epochs.
std::vector<std::string> all_terms(const std::vector<EpochReport>& epochs) {
  std::vector<MeterReading> terms;
  for (const EpochReport& report : epochs)
    for (const MeterReading& term : report.train.terms) add_reading(terms, term);
  std::vector<std::string> names;
  for (const MeterReading& term : terms) names.push_back(term.name);
  return names;
}

/// The mean of a term in one epoch; empty if the epoch has no such term.
std::string term_field(const TrainMetrics& train, const std::string& name) {
  for (const MeterReading& term : train.terms)
    if (term.name == name) return fmt::format("{:.6f}", term.mean);
  return "";
}
}  // namespace

std::string metrics_csv(const std::vector<EpochReport>& epochs) {
  const std::vector<std::string> terms = all_terms(epochs);
  std::string csv = "epoch,time,train_loss,train_top1,";
  for (const std::string& term : terms) csv += fmt::format("train_{},", term);
  csv += "val_loss,val_top1,val_top5,lr,data_wait\n";
  for (const EpochReport& report : epochs) {
    csv += fmt::format("{},{:.3f},{:.6f},{:.5f},", report.epoch, report.seconds, report.train.loss, report.train.top1);
    for (const std::string& term : terms) csv += term_field(report.train, term) + ",";
    csv += fmt::format("{:.6f},{:.5f},{:.5f},{:.6g},{:.4f}\n", report.validation.loss, report.validation.top1,
                       report.validation.top5, report.learning_rate, report.train.data_wait());
  }
  return csv;
}

std::string confusion_csv(const Evaluation& evaluation, const std::vector<std::string>& class_names) {
  const size_t classes = class_names.size();
  std::string csv = "class";
  for (const std::string& name : class_names) csv += fmt::format(",{}", csv_field(name));
  csv += "\n";
  for (size_t actual = 0; actual < classes && !evaluation.confusion.empty(); ++actual) {
    csv += csv_field(class_names[actual]);
    for (size_t predicted = 0; predicted < classes; ++predicted)
      csv += fmt::format(",{}", evaluation.confusion[actual * classes + predicted]);
    csv += "\n";
  }
  return csv;
}

std::vector<std::pair<std::string, double>> scalars_of(const EpochReport& report, const std::string& label) {
  const std::string prefix = label.empty() ? "" : label + "/";
  std::vector<std::pair<std::string, double>> scalars{{prefix + "loss/train", report.train.loss},
                                                      {prefix + "top1/train", report.train.top1},
                                                      {prefix + "learning_rate", report.learning_rate}};
  for (const MeterReading& term : report.train.terms) scalars.emplace_back(prefix + term.name + "/train", term.mean);
  if (report.validation.samples > 0) {
    scalars.emplace_back(prefix + "loss/validation", report.validation.loss);
    scalars.emplace_back(prefix + "top1/validation", report.validation.top1);
    scalars.emplace_back(prefix + "top5/validation", report.validation.top5);
  }
  return scalars;
}

}  // namespace cucurbit
