#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/train/fit.h"

namespace cucurbit::cli {

/// runs/<command>/<time>-<model>-<seed>/: everything a run leaves behind. Never overwrites another run.
class RunFolder {
 public:
  /// Makes the folder with args.toml (`arguments` repeats the run), env.json and classes.txt. Throws Error io.
  RunFolder(const std::filesystem::path& output, const std::string& command, const std::string& model, uint64_t seed,
            const std::string& arguments, const std::vector<std::string>& class_names);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path best_weights(const std::string& label = "") const {
    return file("weights", label, "best.safetensors");
  }
  std::filesystem::path last_weights(const std::string& label = "") const {
    return file("checkpoints", label, "last.safetensors");
  }

  /// Appends a row to metrics.csv (<label>-metrics.csv), with a heading where it is new.
  void append_metrics(const EpochReport& report, const std::string& label = "") const;

 private:
  std::filesystem::path file(const char* folder, const std::string& label, const std::string& name) const;

  std::filesystem::path path_;
};

}  // namespace cucurbit::cli
