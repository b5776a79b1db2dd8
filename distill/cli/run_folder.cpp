#include "distill/cli/run_folder.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <fstream>

#include "distill/cli/environment.h"
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
}  // namespace

RunFolder::RunFolder(const fs::path& output, const std::string& command, const std::string& model, uint64_t seed,
                     const std::string& arguments, const std::vector<std::string>& class_names) {
  const auto now = fmt::localtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()));
  path_ = make_fresh(output / command, fmt::format("{:%Y%m%d-%H%M%S}-{}-{}", now, file_name_of(model), seed));
  for (const char* folder : {"weights", "checkpoints"}) fs::create_directory(path_ / folder);
  write_file_atomically(path_ / "args.toml", arguments);
  write_file_atomically(path_ / "env.json", environment_json().dump(2) + "\n");
  write_file_atomically(path_ / "classes.txt", fmt::format("{}\n", join(class_names, "\n")));
}

fs::path RunFolder::file(const char* folder, const std::string& label, const std::string& name) const {
  return path_ / folder / (label.empty() ? name : label + "-" + name);
}

void RunFolder::append_metrics(const EpochReport& report, const std::string& label) const {
  const fs::path path = path_ / (label.empty() ? "metrics.csv" : label + "-metrics.csv");
  const bool fresh = !fs::exists(path);
  std::ofstream csv(path, std::ios::app);
  if (fresh) csv << "epoch,time,train_loss,train_top1,val_loss,val_top1,val_top5,lr\n";
  csv << fmt::format("{},{:.3f},{:.6f},{:.5f},{:.6f},{:.5f},{:.5f},{:.6g}\n", report.epoch, report.seconds,
                     report.train.loss, report.train.top1, report.validation.loss, report.validation.top1,
                     report.validation.top5, report.learning_rate);
  if (!csv.flush()) throw Error(ErrorKind::io, fmt::format("[run] cannot write {}: is the disk full?", path.string()));
}

}  // namespace cucurbit::cli
