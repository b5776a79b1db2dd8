#pragma once

#include <chrono>
#include <string>

#include "distill/run/observer.h"

namespace cucurbit::cli {

/// Shows a training on stderr: a bar that is redrawn on a terminal; elsewhere a plain line every ten seconds and after
/// every epoch; nothing if quiet.
class ProgressLine {
 public:
  ProgressLine(bool quiet, bool color);

  /// What follows is about the training of this name.
  void begin(const std::string& label);
  void update(const Progress& progress);
  void epoch_done(const EpochReport& report, int64_t epochs);
  void remark(const std::string& text);

 private:
  std::string label_;
  bool quiet_, terminal_, color_;
  std::chrono::steady_clock::time_point last_line_ = std::chrono::steady_clock::now();
};

/// Warnings go to stderr; notes do unless quiet.
RunObserver terminal_observer(bool quiet);
/// The same with the progress of trainings, from the first of which on interrupts end a training instead of the
/// program.
RunObserver training_observer(bool quiet, bool color);

}  // namespace cucurbit::cli
