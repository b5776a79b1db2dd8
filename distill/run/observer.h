#pragma once

#include <functional>
#include <string>

#include "engine/train/fit.h"

namespace cucurbit {

/// What a run tells while it goes on. A function that is not set hears nothing; the results do not depend on them.
struct RunObserver {
  std::function<void(const std::string& text)> note = [](const std::string&) {};     // good to know
  std::function<void(const std::string& text)> warning = [](const std::string&) {};  // should be known
  /// A training begins; `label` says what is trained, and precedes what follows until the next one begins.
  std::function<void(const std::string& label)> training = [](const std::string&) {};
  std::function<void(const Progress&)> progress = [](const Progress&) {};  // about four times a second
  std::function<void(const EpochReport&, int64_t epochs)> epoch = [](const EpochReport&, int64_t) {};
  std::function<void(const std::string& text)> remark = [](const std::string&) {};  // on the training that ended
};

}  // namespace cucurbit
