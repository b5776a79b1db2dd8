#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "distill/cli/train_network.h"

namespace cucurbit::cli {

/// What `eval` and `predict` share: a network and the images to run it on.
struct EvaluationFlags : DataFlags {
  std::string weights, split = "test", math = "vendor";
};

void add_evaluation_flags(CLI::App& app, EvaluationFlags& flags);

/// The images of the split asked for. Throws Error input if the set has no such split, or images or classes that the
/// network was not made for.
ImageSet evaluation_set(const EvaluationFlags& flags, const LoadedNetwork& loaded);

}  // namespace cucurbit::cli
