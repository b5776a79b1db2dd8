#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "engine/data/load.h"

namespace cucurbit::cli {

/// What names a data set and how it is read.
struct DataFlags {
  std::string data = "mnist";  // a path or a name
  LoadOptions load;
};

void add_data_flags(CLI::App& app, DataFlags& flags);

/// Reads the set that `flags.data` stands for: a path as in load_images, or the name of a published set, which is
/// looked for in CUCURBIT_DATA_DIR, ./data, the data of the sources and where Debian's packages install theirs. A path
/// that exists comes before a name. Throws Error io for an absent set, io and input as the readers.
ImageSplits load_data(const DataFlags& flags);

}  // namespace cucurbit::cli
