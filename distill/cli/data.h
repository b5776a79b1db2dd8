#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "engine/data/load.h"

namespace cucurbit::cli {

/// What names a data set and how it is read.
struct DataFlags {
  std::string data = "mnist";  // a path or a name
  std::string resize = "crop", on_bad_sample = "error", cache_dir;
  int64_t img_size = 0;
  bool coarse_labels = false;

  /// Notes go to stderr. Without --cache-dir, decoded images are kept in the user's cache folder where that works.
  LoadOptions load_options() const;
};

void add_data_flags(CLI::App& app, DataFlags& flags);

/// Where the set that `name` stands for lies (engine/data/named_sets.h). Named sets are looked for in
/// CUCURBIT_DATA_DIR, ./data, the data of the sources and where Debian's packages install theirs.
std::filesystem::path find_data(const std::string& name);

/// Reads the set that `flags.data` stands for. `folder_img_size`: that of image folders where the flags give none.
/// Throws as find_data and load_images.
ImageSplits load_data(const DataFlags& flags, int64_t folder_img_size = 0);

/// "cat 5000, dog 5000" and so on, at most `most` classes.
std::string describe_classes(const ImageSet& set, size_t most = 20);

}  // namespace cucurbit::cli
