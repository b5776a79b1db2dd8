#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "distill/cli/train_network.h"

namespace cucurbit::cli {

/// What `eval` and `predict` share: a network and the images to run it on. The network comes from a weights file of
/// ours or, with the two options, from a PyTorch state dict.
struct EvaluationFlags : DataFlags {
  std::string weights, split = "test", math = "vendor";
  std::string pretrained_path, model;
  std::vector<double> mean, std;  // of values from 0 to 1, for a state dict; empty: those of the training set
  bool takes_images = false;      // the data may be images without classes: `data` and `more`
  std::vector<std::string> more;
};

void add_evaluation_flags(CLI::App& app, EvaluationFlags& flags);

struct EvaluationRun {
  LoadedNetwork loaded;
  ImageSet set;  // the split asked for, or the images
  bool labelled = true;
};
/// Throws Error input if the set has no such split, or images or classes that the network was not made for.
EvaluationRun prepare_evaluation(EvaluationFlags flags);

}  // namespace cucurbit::cli
