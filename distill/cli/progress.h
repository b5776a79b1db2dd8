#pragma once

#include <chrono>
#include <string>

#include "engine/train/fit.h"

namespace cucurbit::cli {

/// Shows training on stderr: a bar that is redrawn on a terminal; elsewhere a plain line every ten seconds and after
/// every epoch; nothing if quiet.
class ProgressLine {
 public:
  /// `label` says what is trained.
  ProgressLine(std::string label, bool quiet, bool color);

  void update(const Progress& progress);
  void epoch_done(const EpochReport& report, int64_t epochs);
  void note(const std::string& text);

 private:
  std::string label_;
  bool quiet_, terminal_, color_;
  std::chrono::steady_clock::time_point last_line_ = std::chrono::steady_clock::now();
};

}  // namespace cucurbit::cli
