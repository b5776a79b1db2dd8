#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "distill/cli/flags.h"
#include "distill/cli/run_folder.h"
#include "models/load_network.h"

namespace cucurbit::cli {

/// The sets of one run on the device, split and normalised alike.
struct RunData {
  std::vector<std::string> class_names;
  ChannelStatistics normalization;
  DeviceSet train;
  std::optional<DeviceSet> validation, test;
  std::vector<std::string> validation_paths = {};  // of image folders
};

/// Loads the set, cuts validation off, and uploads all. `normalization` null: that of the training part.
/// The cut depends on the set and its size alone, so that a teacher has not trained on the student's validation images.
RunData prepare_data(const TrainingFlags& flags, const ChannelStatistics* normalization = nullptr);

/// A trained network and what is reported of it.
struct Trained {
  std::string model;
  int64_t parameters = 0, epochs = 0;
  double seconds = 0;
  std::optional<double> data_wait = {};  // share of the time of training steps in which they waited for images
  Evaluation validation, test;           // samples 0 where there is no such set
  std::filesystem::path weights;
};

/// {"model", "parameters", "test_accuracy", "test_errors", "epochs", "seconds", "weights"}, and "data_wait" where there
/// is one.
nlohmann::json summary_of(const Trained& trained);

/// The network that `flags` ask for, for these images and classes, with pretrained weights if they ask for these; says
/// on stderr if the classifier was none of them.
Network make_network(const TrainingFlags& flags, const RunData& data);

/// Trains into `folder`, going on where an earlier run stopped: metrics and the state after every epoch, the best
/// weights on validation; then loads these, tests them once and writes the confusion matrix. `label` tells several
/// networks of one run apart. Throws Interrupted after a signal, with everything saved.
Trained train_network(const std::string& label, Trainer& trainer, const RunData& data, const TrainingFlags& flags,
                      const RunFolder& folder);

/// A trainer for these options, of a network that it is given.
using MakeTrainer = std::function<Trainer(Network& network, const TrainOptions& options)>;

/// Thrown when a signal ended training; main exits with 128 + signal.
struct Interrupted {
  int signal;
  std::filesystem::path run;
};

}  // namespace cucurbit::cli
