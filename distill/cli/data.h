#pragma once

#include <string>

#include "engine/data/image_set.h"

namespace cucurbit::cli {

/// Reads the set that `name` stands for: a folder of IDX files, or "mnist", which comes with cucurbit.
/// Throws Error usage for an unknown name, io and input as the reader.
ImageSplits load_data(const std::string& name);

}  // namespace cucurbit::cli
