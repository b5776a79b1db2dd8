#include "engine/data/audit.h"

#include <algorithm>
#include <tuple>

#include "engine/data/parallel.h"
#include "engine/io/checksum.h"

namespace cucurbit {
namespace {

bool equal_pixels(const ImageSet& a, int64_t i, const ImageSet& b, int64_t j) {
  const auto left = a.image(i), right = b.image(j);
  return std::equal(left.begin(), left.end(), right.begin(), right.end());
}

}  // namespace

std::vector<FileFacts> facts_of(const ImageSet& set) {
  std::vector<FileFacts> facts(size_t(set.count));
  parallel_for(set.count, [&](int64_t i) {
    facts[i] = {.height = uint32_t(set.height), .width = uint32_t(set.width), .sum = checksum(set.image(i))};
  });
  return facts;
}

std::vector<std::vector<ImageReference>> equal_images(const std::vector<AuditedSet>& sets) {
  struct Entry {
    FileFacts facts;
    ImageReference where;
  };
  std::vector<Entry> entries;
  for (size_t s = 0; s < sets.size(); ++s) {
    for (int64_t i = 0; i < sets[s].images->count; ++i) entries.push_back({(*sets[s].facts)[i], {s, i}});
  }
  const auto key = [](const Entry& entry) {
    return std::tuple(entry.facts.sum, entry.facts.height, entry.facts.width);
  };
  std::stable_sort(entries.begin(), entries.end(), [&](const Entry& a, const Entry& b) { return key(a) < key(b); });

  std::vector<std::vector<ImageReference>> groups;
  for (size_t begin = 0, end = 0; begin < entries.size(); begin = end) {
    std::vector<ImageReference> group;
    const ImageReference first = entries[begin].where;
    for (end = begin; end < entries.size() && key(entries[end]) == key(entries[begin]); ++end) {
      const ImageReference where = entries[end].where;
      if (equal_pixels(*sets[first.set].images, first.image, *sets[where.set].images, where.image)) {
        group.push_back(where);
      }
    }
    if (group.size() > 1) groups.push_back(std::move(group));
  }
  std::sort(groups.begin(), groups.end(), [](const auto& a, const auto& b) {
    return std::pair(a[0].set, a[0].image) < std::pair(b[0].set, b[0].image);
  });
  return groups;
}

std::array<uint32_t, 3> spread(std::vector<uint32_t> values) {
  std::sort(values.begin(), values.end());
  return {values.front(), values[(values.size() - 1) / 2], values.back()};
}

}  // namespace cucurbit
