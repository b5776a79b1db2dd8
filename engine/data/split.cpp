#include "engine/data/split.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "kernels/error.h"

namespace cucurbit {

namespace {
/// The samples of `set` for which `chosen` is `wanted`, in their order.
ImageSet subset(const ImageSet& set, const std::vector<bool>& chosen, bool wanted) {
  ImageSet part{.name = set.name,
                .height = set.height,
                .width = set.width,
                .channels = set.channels,
                .class_names = set.class_names};
  const auto bytes = size_t(set.height * set.width * set.channels);
  const auto count = size_t(std::count(chosen.begin(), chosen.end(), wanted));
  std::vector<uint8_t> images;
  images.reserve(count * bytes);
  for (size_t i = 0; i < chosen.size(); ++i) {
    if (chosen[i] != wanted) continue;
    const auto image = set.images.subspan(i * bytes, bytes);
    images.insert(images.end(), image.begin(), image.end());
    part.labels.push_back(set.labels[i]);
    if (!set.paths.empty()) part.paths.push_back(set.paths[i]);
  }
  part.count = int64_t(count);
  part.own(std::move(images));
  return part;
}

/// How many of each class: floor(validation n_c / n), then one more by the largest remainders until the sum is right.
std::vector<int64_t> shares(const std::vector<int64_t>& counts, int64_t validation) {
  const int64_t all = std::accumulate(counts.begin(), counts.end(), int64_t{0});
  std::vector<int64_t> share, by_remainder(counts.size());
  for (int64_t count : counts) share.push_back(std::min(validation * count / all, std::max<int64_t>(count - 1, 0)));
  std::iota(by_remainder.begin(), by_remainder.end(), int64_t{0});
  std::stable_sort(by_remainder.begin(), by_remainder.end(), [&](int64_t a, int64_t b) {
    return validation * counts[size_t(a)] % all > validation * counts[size_t(b)] % all;
  });
  int64_t left = validation - std::accumulate(share.begin(), share.end(), int64_t{0});
  while (left > 0)
    for (int64_t c : by_remainder)
      if (left > 0 && share[size_t(c)] + 1 < counts[size_t(c)]) {
        ++share[size_t(c)];
        --left;
      }
  return share;
}
}  // namespace

TrainValidation split_validation(const ImageSet& set, int64_t validation, uint64_t seed) {
  const std::vector<int64_t> counts = class_counts(set);
  const auto classes = std::count_if(counts.begin(), counts.end(), [](int64_t count) { return count > 0; });
  if (validation < 0 || validation > std::max<int64_t>(set.count - classes, 0))
    throw Error(ErrorKind::usage,
                fmt::format("[data] {} validation images of {}: expected at most {}, so that every class "
                            "keeps an image for training: lower --val-size",
                            validation, set.count, std::max<int64_t>(set.count - classes, 0)));
  if (validation == 0) {
    ImageSet none = set;
    none.count = 0;
    none.images = {};
    none.labels.clear();
    none.paths.clear();
    return {set, none};
  }
  std::vector<int64_t> left = shares(counts, validation);
  std::vector<size_t> order(size_t(set.count));
  std::iota(order.begin(), order.end(), size_t{0});
  // Fisher-Yates on a fixed generator: std::shuffle differs between standard libraries.
  std::mt19937_64 random(seed);
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  std::vector<bool> chosen(order.size());
  for (size_t index : order) {
    int64_t& wanted = left[size_t(set.labels[index])];
    if (wanted == 0) continue;
    --wanted;
    chosen[index] = true;
  }
  return {subset(set, chosen, false), subset(set, chosen, true)};
}

}  // namespace cucurbit
