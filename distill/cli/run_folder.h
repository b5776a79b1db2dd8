#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/train/fit.h"

namespace cucurbit::cli {

/// runs/<command>/<time>-<model>-<seed>/: everything a run leaves behind. Never overwrites another run.
class RunFolder {
 public:
  /// Makes the folder with args.toml (`arguments` repeats the run), env.json and classes.txt. With `resume` it takes
  /// that of an earlier run instead: a path is the folder or a file in its checkpoints/; "auto" is the newest run of
  /// this command and these arguments without a summary, or a fresh one if there is none. Throws Error io, and usage
  /// where nothing can be resumed.
  RunFolder(const std::filesystem::path& output, const std::string& command, const std::string& model, uint64_t seed,
            const std::string& arguments, const std::vector<std::string>& class_names, const std::string& resume);

  const std::filesystem::path& path() const { return path_; }
  /// True if the folder is that of an earlier run.
  bool resumed() const { return resumed_; }
  std::filesystem::path best_weights(const std::string& label = "") const {
    return file("weights", label, "best.safetensors");
  }
  /// Training states: after the last epoch, and after the best.
  std::filesystem::path last_state(const std::string& label = "") const {
    return file("checkpoints", label, "last.safetensors");
  }
  std::filesystem::path best_state(const std::string& label = "") const {
    return file("checkpoints", label, "best.safetensors");
  }
  std::filesystem::path sample(const std::string& label, const std::string& name) const {
    return file("samples", label, name);
  }
  /// A file of the folder itself: NAME, or LABEL-NAME.
  std::filesystem::path file(const std::string& label, const std::string& name) const { return file("", label, name); }

  /// Writes metrics.csv (<label>-metrics.csv): a heading and a row for each epoch; data_wait is the share of training
  /// time that steps waited for images.
  void write_metrics(const std::vector<EpochReport>& epochs, const std::string& label = "") const;
  /// Writes confusion_matrix.csv: a row for each true class, a column for each predicted one, both named.
  void write_confusion(const Evaluation& evaluation, const std::vector<std::string>& class_names,
                       const std::string& label = "") const;
  /// Writes report.html, with the pictures of samples/.
  void write_report(const std::string& label, const std::string& model, const std::vector<EpochReport>& epochs,
                    const Evaluation& test, const std::vector<std::string>& class_names) const;

 private:
  std::filesystem::path file(const char* folder, const std::string& label, const std::string& name) const;

  std::filesystem::path path_;
  bool resumed_ = false;
};

/// The folder of the run that `--resume PATH` means: PATH, or the folder above checkpoints/ if it is a file in there.
std::filesystem::path resumed_folder(const std::filesystem::path& resume);

/// "class" and the class names, then a row for each class: CSV with names quoted where they need it.
std::string confusion_csv(const Evaluation& evaluation, const std::vector<std::string>& class_names);

}  // namespace cucurbit::cli
