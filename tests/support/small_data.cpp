#include "support/small_data.h"

#include <fstream>
#include <random>

namespace cucurbit::test {

namespace fs = std::filesystem;

ImageSet easy_images(int64_t count, int64_t side, int classes, uint32_t seed) {
  ImageSet set{.name = "easy", .count = count, .height = side, .width = side, .channels = 1};
  std::mt19937 random(seed);
  std::vector<uint8_t> images(size_t(count * side * side));
  for (int64_t i = 0; i < count; ++i) {
    const int label = int(random() % uint32_t(classes));
    set.labels.push_back(label);
    for (int64_t p = 0; p < side * side; ++p) {
      const bool bright = p * classes / (side * side) == label;
      images[size_t(i * side * side + p)] = uint8_t(random() % 64 + (bright ? 128 : 0));
    }
  }
  set.own(std::move(images));
  for (int c = 0; c < classes; ++c) set.class_names.push_back(std::to_string(c));
  return set;
}

namespace {
void write_idx(const fs::path& path, std::initializer_list<int64_t> extents, std::span<const uint8_t> bytes) {
  std::ofstream file(path, std::ios::binary);
  const char magic[] = {0, 0, 8, char(extents.size())};
  file.write(magic, 4);
  for (int64_t extent : extents)
    for (int shift = 24; shift >= 0; shift -= 8) file.put(char(extent >> shift & 255));
  file.write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
}
}  // namespace

void write_idx_folder(const fs::path& folder, const ImageSet& set) {
  fs::create_directories(folder);
  const std::vector<uint8_t> labels(set.labels.begin(), set.labels.end());
  for (const char* part : {"train", "t10k"}) {
    write_idx(folder / (std::string(part) + "-images-idx3-ubyte"), {set.count, set.height, set.width}, set.images);
    write_idx(folder / (std::string(part) + "-labels-idx1-ubyte"), {set.count}, labels);
  }
}

}  // namespace cucurbit::test
