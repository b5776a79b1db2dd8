#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "distill/run/spec.h"

namespace cucurbit {

/// OUTPUT/COMMAND/TIME-MODEL-SEED/: everything a run leaves behind. Never overwrites another run.
class RunFolder {
 public:
  /// Makes the folder, for a `command` ("train", "distill"), with args.toml (spec.output.arguments, unless empty),
  /// env.json and classes.txt. With spec.output.resume it takes that of an earlier run instead. Throws Error io, and
  /// usage where nothing can be resumed.
  RunFolder(const std::string& command, const RunSpec& spec, const std::vector<std::string>& class_names);

  const std::filesystem::path& path() const { return path_; }
  /// True if the folder is that of an earlier run.
  bool resumed() const { return resumed_; }

  // Files of one training, whose label tells several of one run apart: NAME, or LABEL-NAME.
  std::filesystem::path best_weights(const std::string& label) const {
    return file("weights", label, "best.safetensors");
  }
  /// Training states: after the last epoch, and after the best.
  std::filesystem::path last_state(const std::string& label) const {
    return file("checkpoints", label, "last.safetensors");
  }
  std::filesystem::path best_state(const std::string& label) const {
    return file("checkpoints", label, "best.safetensors");
  }
  std::filesystem::path sample(const std::string& label, const std::string& name) const {
    return file("samples", label, name);
  }
  /// A file of the folder itself.
  std::filesystem::path file(const std::string& label, const std::string& name) const { return file("", label, name); }

 private:
  std::filesystem::path file(const char* folder, const std::string& label, const std::string& name) const;

  std::filesystem::path path_;
  bool resumed_ = false;
};

/// The folder of the run that a resume PATH means: PATH, or the folder above checkpoints/ if it is a file in there.
std::filesystem::path resumed_folder(const std::filesystem::path& resume);

}  // namespace cucurbit
