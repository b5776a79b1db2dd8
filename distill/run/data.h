#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "distill/run/observer.h"
#include "distill/run/spec.h"

namespace cucurbit {

/// The sets of one run on the device, split and normalised alike.
struct RunData : Splits<DeviceSet> {
  std::vector<std::string> class_names;
  ChannelStatistics normalization;
  std::vector<std::string> validation_paths;  // of image folders
};

/// Where the set that `name` stands for lies (engine/data/named_sets.h). Named sets are looked for in
/// CUCURBIT_DATA_DIR, ./data, the data of the sources and where Debian's packages install theirs.
std::filesystem::path find_data(const std::string& name);

/// How the data of `spec` are read. What a user should know of them goes to observer.warning, after their name.
LoadOptions load_options(const DataSpec& spec, const RunObserver& observer);

/// Reads the set that `spec` names. `folder_img_size`: the img_size of image folders where the spec gives none.
/// Throws as find_data and load_images.
ImageSplits load_data(const DataSpec& spec, const RunObserver& observer, int64_t folder_img_size = 0);

/// Loads the set, cuts validation off, and uploads all. `normalization` null: that of the training part.
/// The cut depends on the set and its size alone, so that a teacher has not trained on the student's validation images.
RunData prepare_data(const RunSpec& spec, const RunObserver& observer,
                     const ChannelStatistics* normalization = nullptr);

}  // namespace cucurbit
