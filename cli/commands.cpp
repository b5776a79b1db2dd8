#include "cli/commands.h"

#include <algorithm>

namespace cucurbit::cli {

const std::vector<Command>& commands() {
  static const std::vector<Command> kCommands = {
      {"train", "Train a classifier on labels", call_train},
      {"distill", "Train a student on a teacher's outputs", call_distill},
      {"eval", "Measure a trained network on labelled images, class by class", call_eval},
      {"predict", "Classify images with a trained network", call_predict},
      {"export", "Write weights for other programs", call_export},
      {"inspect", "Describe a data set or a weights file (.safetensors)", call_inspect},
      {"models", "List the models: parameters, operations, size", call_models},
      {"lab", "Find what is wrong with CUDA kernels, without a GPU", nullptr},
      {"lab check", "Run the tests of a file of kernels under every checker", call_lab_check},
      {"checks", "Print versions, device, libraries and threads", call_checks},
      {"version", "Print the version", call_version},
      {"options", "Print all options as Markdown, which is docs/options.md", call_options, /*hidden=*/true},
  };
  return kCommands;
}

const Command* find_command(const std::vector<Command>& commands, const std::string& name) {
  const auto found = std::find_if(commands.begin(), commands.end(), [&](const Command& c) { return c.name == name; });
  return found == commands.end() ? nullptr : &*found;
}

}  // namespace cucurbit::cli
