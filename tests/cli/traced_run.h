#pragma once

// A run of `train` or `distill`, and what it left behind, aspect by aspect: what tests of single options compare.

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "engine/io/safetensors.h"
#include "support/run_program.h"
#include "support/temporary_folder.h"

namespace cucurbit::test {

namespace fs = std::filesystem;

/// Options by name, each with its values; a later one takes the place of an earlier one.
class Arguments {
 public:
  Arguments& add(const std::string& text) {
    std::istringstream words(text);
    std::string option;
    for (std::string word; words >> word;) {
      if (word.starts_with("--"))
        values_[option = word] = "";
      else
        values_.at(option) += " " + word;
    }
    return *this;
  }
  std::string text() const {
    std::string joined;
    for (const auto& [option, values] : values_) joined += " " + option + values;
    return joined;
  }
  std::set<std::string> names() const {
    std::set<std::string> names;
    for (const auto& [option, values] : values_) names.insert(option.substr(2));
    return names;
  }

 private:
  std::map<std::string, std::string> values_;
};

/// What a run left behind.
struct TracedRun {
  fs::path folder;
  std::string printed;
  std::map<std::string, std::string> arguments;  // the lines of args.toml by key
  /// training: loss and accuracy of every epoch. rates: learning rates. validation: its columns. last: the weights after
  /// the last step, or their moving average. weights: those of the best epoch. test: the confusion matrix.
  std::map<std::string, std::string> aspects;
};

/// The values of `column` of metrics.csv, one for each epoch.
inline std::vector<double> metrics_column(const fs::path& csv, const std::string& column) {
  std::istringstream lines(read_bytes(csv));
  std::string line, field;
  std::getline(lines, line);
  std::istringstream names(line);
  int at = 0;
  while (std::getline(names, field, ',') && field != column) ++at;
  EXPECT_EQ(field, column) << csv;
  std::vector<double> values;
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    for (int i = 0; i <= at; ++i) std::getline(fields, field, ',');
    values.push_back(std::stod(field));
  }
  return values;
}

/// Names and shapes of the tensors that make up a network, and a hash of their bytes.
inline std::string network_digest(const fs::path& path) {
  const SafetensorsFile file = SafetensorsFile::read(path);
  std::ostringstream digest;
  for (const TensorView& tensor : file.tensors()) {
    if (tensor.name.starts_with("training.")) continue;
    digest << tensor.name << " [";
    for (const int64_t extent : tensor.shape) digest << extent << ",";
    const std::string_view bytes(reinterpret_cast<const char*>(tensor.data.data()), tensor.data.size());
    digest << "] " << std::hex << std::hash<std::string_view>()(bytes) << std::dec << "\n";
  }
  return digest.str();
}

inline std::string joined(const fs::path& csv, std::initializer_list<const char*> columns) {
  std::ostringstream text;
  for (const char* column : columns)
    for (const double value : metrics_column(csv, column)) text << column << " " << value << "\n";
  return text.str();
}

inline std::map<std::string, std::string> lines_by_key(const fs::path& toml) {
  std::map<std::string, std::string> lines;
  std::istringstream text(read_bytes(toml));
  for (std::string line; std::getline(text, line);) lines[line.substr(0, line.find('='))] = line;
  return lines;
}

/// The only folder below `parent` that has a file of this name.
inline fs::path folder_with(const fs::path& parent, const std::string& name) {
  fs::path found;
  for (const auto& entry : fs::recursive_directory_iterator(parent))
    if (entry.path().filename() == name) found = entry.path().parent_path();
  return found;
}

/// Runs `cucurbit COMMAND ARGUMENTS` in the empty folder `place` and collects the files whose names begin with `prefix`
/// ("" or "distilled-").
inline TracedRun traced_run(const fs::path& place, const std::string& command, const Arguments& arguments,
                            const std::string& prefix) {
  fs::create_directories(place);
  const Outcome outcome = run_shell("cd " + place.string() + " && " + CUCURBIT_PROGRAM + " " + command +
                                    arguments.text() + " 2>" + (place / "stderr").string());
  EXPECT_EQ(outcome.code, 0) << command << arguments.text() << "\n" << read_bytes(place / "stderr");
  TracedRun run{.folder = folder_with(place, "args.toml"), .printed = outcome.text, .arguments = {}, .aspects = {}};
  if (outcome.code != 0 || run.folder.empty()) return run;
  run.arguments = lines_by_key(run.folder / "args.toml");
  const fs::path csv = run.folder / (prefix + "metrics.csv");
  run.aspects = {{"training", joined(csv, {"train_loss", "train_top1"})},
                 {"rates", joined(csv, {"lr"})},
                 {"validation", joined(csv, {"val_loss", "val_top1", "val_top5"})},
                 {"last", network_digest(run.folder / "checkpoints" / (prefix + "last.safetensors"))},
                 {"weights", network_digest(run.folder / "weights" / (prefix + "best.safetensors"))},
                 {"test", read_bytes(run.folder / (prefix + "confusion_matrix.csv"))}};
  return run;
}

}  // namespace cucurbit::test
