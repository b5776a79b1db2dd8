#pragma once

#include <string>

#include "engine/data/load.h"

namespace cucurbit {

/// Which data set, and how it is read.
struct DataSpec {
  std::string data = "mnist";  // a path, or the name of a published set
  int64_t img_size = 0;        // all images are brought to a square of this side; 0: they keep their size
  ResizeMode resize = ResizeMode::crop;
  BadSamples on_bad_sample = BadSamples::error;
  std::string cache_dir;  // where decoded images are kept; empty: in the user's cache folder, if that works; or "none"
  bool coarse_labels = false;  // CIFAR-100: the 20 coarse classes instead of the 100 fine ones
};

}  // namespace cucurbit
