#pragma once

#include <string>
#include <vector>

#include "engine/train/fit.h"

namespace cucurbit {

/// What report.html shows of a run.
struct Report {
  std::string title;
  std::vector<EpochReport> epochs;
  Evaluation test;                       // samples 0: none
  std::vector<std::string> class_names;  // by label
  struct Picture {
    std::string title, png;
  };
  std::vector<Picture> pictures;
  std::string arguments;    // args.toml
  std::string environment;  // env.json
  std::string weights;      // path of the best weights
};

/// One self-contained HTML page: curves as inline SVG, results by class, the confusion matrix of up to thirty classes,
/// pictures, options and environment. Needs no network and runs no script.
std::string report_html(const Report& report);

}  // namespace cucurbit
