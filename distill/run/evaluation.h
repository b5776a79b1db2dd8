#pragma once

#include <optional>
#include <string>
#include <vector>

#include "distill/run/network.h"

namespace cucurbit {

/// Which part of a data set.
enum class Split { test, train, validation };
constexpr auto names_of(Split) {
  return enum_names<Split>({{Split::test, "test"}, {Split::train, "train"}, {Split::validation, "val"}});
}

/// A network and the images to run it on. The network comes from weights of ours or from a PyTorch state dict.
struct EvaluationSpec {
  DataSpec data;
  Split split = Split::test;
  std::string weights;                 // of a run; or:
  std::string pretrained_path, model;  // a state dict, and the name of its model
  std::vector<double> mean, std;       // of values from 0 to 1, for a state dict; empty: those of the training set
  /// The data may be images without classes instead: data.data and `more` name files, and folders of files.
  bool accepts_unlabelled = false;
  std::vector<std::string> more = {};
};

struct EvaluationRun {
  LoadedNetwork loaded;
  ImageSet set;  // the split asked for, or the images
  bool labelled = true;
};

/// Loads both. Throws Error input if the set has no such split, or images or classes that the network was not made for.
EvaluationRun prepare_evaluation(const EvaluationSpec& spec, const RunObserver& observer = {});

}  // namespace cucurbit
