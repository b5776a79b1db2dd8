#pragma once

// Labelled 8-bit images in host memory, whatever file format they came from.

#include <cmath>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/data/splits.h"

namespace cucurbit {

/// A set of labelled images. The pixels are a view, so that they may lie in a memory-mapped file; copies of a set share
/// them.
struct ImageSet {
  std::string name;
  int64_t count = 0;
  int64_t height = 0;
  int64_t width = 0;
  int64_t channels = 0;
  std::span<const uint8_t> images = {};       ///< [count, height, width, channels]
  std::shared_ptr<const void> owner = {};     ///< keeps `images` alive
  std::vector<int32_t> labels = {};           ///< [count], each in 0 .. class_names.size() - 1
  std::vector<std::string> class_names = {};  ///< by label
  std::vector<std::string> paths = {};        ///< [count], of the files below the set's folder; empty for other formats

  int64_t image_bytes() const { return height * width * channels; }
  /// One image, [height, width, channels].
  std::span<const uint8_t> image(int64_t index) const {
    return images.subspan(size_t(index * image_bytes()), size_t(image_bytes()));
  }

  /// Makes `bytes` the images and keeps them alive.
  void own(std::vector<uint8_t> bytes) {
    auto kept = std::make_shared<const std::vector<uint8_t>>(std::move(bytes));
    images = *kept;
    owner = std::move(kept);
  }
};

/// The sets of one data set; all have the same image shape and classes.
using ImageSplits = Splits<ImageSet>;

/// Mean and population standard deviation of each channel, of values scaled to 0 .. 1.
struct ChannelStatistics {
  std::vector<double> mean;
  std::vector<double> stddev;
};

/// mean_c = sum x / n, stddev_c = sqrt(sum x^2 / n - mean_c^2), x = value / 255, n = count * height * width.
///
/// The sums are of integers and exact, so the order of the images does not matter. An empty set gives mean 0, stddev 0.
inline ChannelStatistics channel_statistics(const ImageSet& set) {
  ChannelStatistics statistics;
  const auto channels = size_t(set.channels);
  const double pixels = double(set.count) * double(set.height) * double(set.width);
  for (size_t c = 0; c < channels; ++c) {
    uint64_t sum = 0;
    uint64_t sum_of_squares = 0;
    for (size_t i = c; i < set.images.size(); i += channels) {
      const uint32_t value = set.images[i];
      sum += value;
      sum_of_squares += value * value;
    }
    const double mean = pixels > 0 ? double(sum) / pixels : 0;
    const double mean_square = pixels > 0 ? double(sum_of_squares) / pixels : 0;
    const double variance = mean_square > mean * mean ? mean_square - mean * mean : 0;
    statistics.mean.push_back(mean / 255);
    statistics.stddev.push_back(std::sqrt(variance) / 255);
  }
  return statistics;
}

/// How many images each class has, by label.
inline std::vector<int64_t> class_counts(const ImageSet& set) {
  std::vector<int64_t> counts(set.class_names.size());
  for (const int32_t label : set.labels) ++counts.at(size_t(label));
  return counts;
}

}  // namespace cucurbit
