#include "distill/cli/run_folder.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <sstream>

#include "distill/cli/csv.h"
#include "distill/cli/environment.h"
#include "distill/cli/report.h"
#include "engine/io/atomic_file.h"
#include "engine/io/join.h"
#include "kernels/error.h"

namespace cucurbit::cli {

namespace fs = std::filesystem;

namespace {
/// "mlp:800x800" as part of a file name.
std::string file_name_of(std::string model) {
  for (char& c : model)
    if (c == ':' || c == '/') c = '-';
  return model;
}

fs::path make_fresh(const fs::path& parent, const std::string& name) {
  std::error_code error;
  fs::create_directories(parent, error);
  for (int attempt = 1; !error && attempt < 1000; ++attempt) {
    const fs::path path = parent / (attempt == 1 ? name : fmt::format("{}-{}", name, attempt));
    if (fs::create_directory(path, error)) return path;  // false without error: it exists already
  }
  throw Error(ErrorKind::io, fmt::format("[run] cannot make a folder below {}: {}: choose another --output",
                                         parent.string(), error.message()));
}
std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Arguments without those that may differ between a run and its continuation.
std::string comparable(const std::string& arguments) {
  std::istringstream lines(arguments);
  std::string kept;
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with("resume=")) kept += fmt::format("{}\n", line);
  return kept;
}

bool has_state(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder / "checkpoints", ignored))
    if (entry.path().filename().string().ends_with("last.safetensors")) return true;
  return false;
}

/// The newest run below `parent` that can go on; empty if there is none.
fs::path newest_unfinished(const fs::path& parent, const std::string& arguments) {
  fs::path newest;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(parent, ignored)) {
    const fs::path& folder = entry.path();
    if (has_state(folder) && !fs::exists(folder / "summary.json") &&
        comparable(read_text(folder / "args.toml")) == comparable(arguments))
      newest = std::max(newest, folder);  // names begin with the time
  }
  return newest;
}

fs::path folder_to_resume(const std::string& resume, const fs::path& parent, const std::string& arguments) {
  if (resume.empty()) return {};
  if (resume == "auto") return newest_unfinished(parent, arguments);
  const fs::path folder = resumed_folder(resume);
  if (!fs::exists(folder)) throw Error(ErrorKind::io, fmt::format("[resume] {}: no such run folder", resume));
  if (!has_state(folder))
    throw Error(ErrorKind::usage, fmt::format("[resume] {}: no checkpoints/last.safetensors: it ended before its first "
                                              "epoch: start it again",
                                              folder.string()));
  return folder;
}

}  // namespace

fs::path resumed_folder(const fs::path& resume) {
  return fs::is_regular_file(resume) ? fs::absolute(resume).parent_path().parent_path() : resume;
}

RunFolder::RunFolder(const fs::path& output, const std::string& command, const std::string& model, uint64_t seed,
                     const std::string& arguments, const std::vector<std::string>& class_names,
                     const std::string& resume) {
  path_ = folder_to_resume(resume, output / command, arguments);
  resumed_ = !path_.empty();
  if (resumed_) {
    fs::create_directory(path_ / "samples");  // which runs of earlier versions do not have
    return;
  }
  const auto now = fmt::localtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()));
  path_ = make_fresh(output / command, fmt::format("{:%Y%m%d-%H%M%S}-{}-{}", now, file_name_of(model), seed));
  for (const char* folder : {"weights", "checkpoints", "samples"}) fs::create_directory(path_ / folder);
  write_file_atomically(path_ / "args.toml", arguments);
  write_file_atomically(path_ / "env.json", environment_json().dump(2) + "\n");
  write_file_atomically(path_ / "classes.txt", fmt::format("{}\n", join(class_names, "\n")));
}

fs::path RunFolder::file(const char* folder, const std::string& label, const std::string& name) const {
  return path_ / folder / (label.empty() ? name : label + "-" + name);
}

void RunFolder::write_metrics(const std::vector<EpochReport>& epochs, const std::string& label) const {
  std::string csv = "epoch,time,train_loss,train_top1,val_loss,val_top1,val_top5,lr,data_wait\n";
  for (const EpochReport& report : epochs)
    csv += fmt::format("{},{:.3f},{:.6f},{:.5f},{:.6f},{:.5f},{:.5f},{:.6g},{:.4f}\n", report.epoch, report.seconds,
                       report.train.loss, report.train.top1, report.validation.loss, report.validation.top1,
                       report.validation.top5, report.learning_rate, report.train.data_wait());
  write_file_atomically(file(label, "metrics.csv"), csv);
}

std::string confusion_csv(const Evaluation& evaluation, const std::vector<std::string>& class_names) {
  const size_t classes = class_names.size();
  std::string csv = "class";
  for (const std::string& name : class_names) csv += fmt::format(",{}", csv_field(name));
  csv += "\n";
  for (size_t is = 0; is < classes && !evaluation.confusion.empty(); ++is) {
    csv += csv_field(class_names[is]);
    for (size_t seems = 0; seems < classes; ++seems)
      csv += fmt::format(",{}", evaluation.confusion[is * classes + seems]);
    csv += "\n";
  }
  return csv;
}

void RunFolder::write_confusion(const Evaluation& evaluation, const std::vector<std::string>& class_names,
                                const std::string& label) const {
  if (!evaluation.confusion.empty())
    write_file_atomically(file(label, "confusion_matrix.csv"), confusion_csv(evaluation, class_names));
}

void RunFolder::write_report(const std::string& label, const std::string& model, const std::vector<EpochReport>& epochs,
                             const Evaluation& test, const std::vector<std::string>& class_names) const {
  const std::string title =
      fmt::format("{}{}{} in {}", label, label.empty() ? "" : ": ", model, path_.filename().string());
  std::vector<Report::Picture> pictures;
  for (const auto& [name, about] : {std::pair{"first-batch.png", "The first training batch, as the network sees it"},
                                    std::pair{"mistakes.png", "The surest mistakes on the validation set"}})
    if (const fs::path png = sample(label, name); fs::exists(png)) pictures.push_back({about, read_text(png)});
  write_file_atomically(file(label, "report.html"), report_html({.title = title,
                                                                 .epochs = epochs,
                                                                 .test = test,
                                                                 .class_names = class_names,
                                                                 .pictures = std::move(pictures),
                                                                 .arguments = read_text(path_ / "args.toml"),
                                                                 .environment = read_text(path_ / "env.json"),
                                                                 .weights = best_weights(label).string()}));
}

}  // namespace cucurbit::cli
