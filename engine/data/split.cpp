#include "engine/data/split.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "kernels/error.h"

namespace cucurbit {

namespace {
/// The samples of `set` whose `chosen` is `value`, in their order.
ImageSet subset(const ImageSet& set, const std::vector<bool>& chosen, bool value) {
  ImageSet part{.name = set.name,
                .count = std::count(chosen.begin(), chosen.end(), value),
                .height = set.height,
                .width = set.width,
                .channels = set.channels,
                .class_names = set.class_names};
  std::vector<uint8_t> images;
  images.reserve(size_t(part.count * set.image_bytes()));
  for (int64_t i = 0; i < set.count; ++i) {
    if (chosen[i] != value) continue;
    const auto image = set.image(i);
    images.insert(images.end(), image.begin(), image.end());
    part.labels.push_back(set.labels[i]);
    if (!set.paths.empty()) part.paths.push_back(set.paths[i]);
  }
  part.own(std::move(images));
  return part;
}

/// Throws unless every class that has images keeps one when `val_size` are taken away.
void check_size(const ImageSet& set, const std::vector<int64_t>& counts, int64_t val_size) {
  const auto classes = std::count_if(counts.begin(), counts.end(), [](int64_t count) { return count > 0; });
  const int64_t most = std::max<int64_t>(set.count - classes, 0);
  if (val_size >= 0 && val_size <= most) return;
  throw Error(ErrorKind::usage,
              fmt::format("[data] {} validation images of {}: at most {} can be taken, because every class keeps an "
                          "image for training: lower `val_size`",
                          val_size, set.count, most));
}

/// How many images of each class: floor(val_size n_c / n), then one more in the order of the largest remainders until
/// the sum is right.
std::vector<int64_t> shares(const std::vector<int64_t>& counts, int64_t val_size) {
  const int64_t all = std::accumulate(counts.begin(), counts.end(), int64_t{0});
  std::vector<int64_t> share, by_remainder(counts.size());
  for (int64_t count : counts) share.push_back(std::min(val_size * count / all, std::max<int64_t>(count - 1, 0)));
  std::iota(by_remainder.begin(), by_remainder.end(), int64_t{0});
  std::stable_sort(by_remainder.begin(), by_remainder.end(),
                   [&](int64_t a, int64_t b) { return val_size * counts[a] % all > val_size * counts[b] % all; });
  int64_t left = val_size - std::accumulate(share.begin(), share.end(), int64_t{0});
  while (left > 0)
    for (int64_t c : by_remainder)
      if (left > 0 && share[c] + 1 < counts[c]) {
        ++share[c];
        --left;
      }
  return share;
}
}  // namespace

ImageSplits split_validation(ImageSplits splits, int64_t val_size, uint64_t seed) {
  if (splits.validation) return splits;
  const ImageSet& set = splits.train;
  const std::vector<int64_t> counts = class_counts(set);
  check_size(set, counts, val_size);
  if (val_size == 0) return splits;
  std::vector<int64_t> left = shares(counts, val_size);
  std::vector<int64_t> order(size_t(set.count));
  std::iota(order.begin(), order.end(), int64_t{0});
  // Fisher-Yates on a fixed generator: std::shuffle differs between standard libraries.
  std::mt19937_64 random(seed);
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  std::vector<bool> chosen(order.size());
  for (const int64_t index : order) {
    int64_t& share = left[set.labels[index]];
    if (share == 0) continue;
    --share;
    chosen[index] = true;
  }
  return {.train = subset(set, chosen, false), .validation = subset(set, chosen, true), .test = std::move(splits.test)};
}

}  // namespace cucurbit
