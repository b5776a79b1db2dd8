#include "distill/run/folder.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "distill/run/environment.h"
#include "engine/io/atomic_file.h"
#include "engine/io/join.h"
#include "kernels/error.h"

namespace cucurbit {

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
  throw Error(ErrorKind::io, fmt::format("[run] cannot make a folder below {}: {}: choose another `output`",
                                         parent.string(), error.message()));
}

std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Arguments without those that may differ between a run and its continuation.
std::set<std::string> comparable(const std::string& arguments) {
  std::istringstream text(arguments);
  std::set<std::string> lines;
  for (std::string line; std::getline(text, line);)
    if (!line.starts_with("resume=")) lines.insert(line);
  return lines;
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

fs::path folder_to_resume(const OutputSpec& spec, const fs::path& parent) {
  if (spec.resume.empty()) return {};
  if (spec.resume == "auto" && spec.arguments.empty())
    throw Error(ErrorKind::usage,
                "[resume] `resume` auto looks for a run of equal `arguments`, and there are none: give the run folder");
  if (spec.resume == "auto") return newest_unfinished(parent, spec.arguments);
  const fs::path folder = resumed_folder(spec.resume);
  if (!fs::exists(folder)) throw Error(ErrorKind::io, fmt::format("[resume] {}: no such run folder", spec.resume));
  if (!has_state(folder))
    throw Error(ErrorKind::usage, fmt::format("[resume] {}: no checkpoints/last.safetensors: the run ended before its "
                                              "first epoch: start it again",
                                              folder.string()));
  return folder;
}
}  // namespace

fs::path resumed_folder(const fs::path& resume) {
  return fs::is_regular_file(resume) ? fs::absolute(resume).parent_path().parent_path() : resume;
}

RunFolder::RunFolder(const std::string& command, const RunSpec& spec, const std::vector<std::string>& class_names) {
  const fs::path parent = fs::path(spec.output.output) / command;
  path_ = folder_to_resume(spec.output, parent);
  resumed_ = !path_.empty();
  if (resumed_) {
    fs::create_directory(path_ / "samples");  // which runs of earlier versions do not have
    return;
  }
  const auto now = fmt::localtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()));
  path_ = make_fresh(parent, fmt::format("{:%Y%m%d-%H%M%S}-{}-{}", now, file_name_of(spec.model), spec.seed));
  for (const char* folder : {"weights", "checkpoints", "samples"}) fs::create_directory(path_ / folder);
  if (!spec.output.arguments.empty()) write_file_atomically(path_ / "args.toml", spec.output.arguments);
  write_file_atomically(path_ / "env.json", environment_json().dump(2) + "\n");
  write_file_atomically(path_ / "classes.txt", fmt::format("{}\n", join(class_names, "\n")));
}

fs::path RunFolder::file(const char* folder, const std::string& label, const std::string& name) const {
  return path_ / folder / (label.empty() ? name : label + "-" + name);
}

}  // namespace cucurbit
