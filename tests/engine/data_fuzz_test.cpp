// Valid files with random damage: what the readers make of them is an image, or an Error of the kinds of bad input.
#include <gtest/gtest.h>
#include <zlib.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>

#include "engine/data/image_file.h"
#include "engine/data/load.h"
#include "support/image_bytes.h"
#include "support/packed.h"
#include "support/temporary_folder.h"

namespace cucurbit::test {
namespace {

constexpr std::chrono::milliseconds kLongest{700};  // of each test

/// Bytes changed, cut off, doubled or swapped for others.
std::string damage(std::string bytes, std::mt19937& random) {
  for (unsigned changes = 1 + random() % 6; changes > 0 && !bytes.empty(); --changes) {
    const size_t at = random() % bytes.size();
    switch (random() % 8) {
      case 0:
        bytes.resize(at);
        break;
      case 1:
        bytes.insert(at, bytes.substr(at, random() % 32));
        break;
      case 2:
        bytes[at] = static_cast<char>(random() % 2 ? 0xff : 0);
        break;
      default:
        bytes[at] = static_cast<char>(bytes[at] ^ (1u << random() % 8));
    }
  }
  return bytes;
}

/// Makes the checksums of a PNG file's chunks right again, so that the decoder behind them sees the damage.
void mend_png(std::string& bytes) {
  const auto number = [&](size_t at) {
    uint32_t value = 0;
    for (size_t i = 0; i < 4; ++i) value = value << 8 | uint8_t(bytes[at + i]);
    return value;
  };
  for (size_t at = 8; at + 12 <= bytes.size();) {
    const size_t length = number(at);
    if (length > bytes.size() - at - 12) return;
    const uLong sum = crc32(0, reinterpret_cast<const Bytef*>(bytes.data()) + at + 4, static_cast<uInt>(length + 4));
    for (size_t i = 0; i < 4; ++i) bytes[at + 8 + length + i] = static_cast<char>(sum >> (24 - 8 * i));
    at += 12 + length;
  }
}

/// Runs `read` on damaged forms of the files, some thousand times, fewer on a slow machine.
void fuzz(const std::vector<std::string>& files, int rounds, const std::function<void(const std::string&)>& read) {
  const auto start = std::chrono::steady_clock::now();
  std::mt19937 random(20240607);
  int accepted = 0, refused = 0;
  for (int round = 0; round < rounds && std::chrono::steady_clock::now() - start < kLongest; ++round) {
    const std::string bytes = damage(files[size_t(round) % files.size()], random);
    try {
      read(bytes);
      ++accepted;
    } catch (const Error& error) {
      ++refused;
      EXPECT_TRUE(error.kind() == ErrorKind::input || error.kind() == ErrorKind::io) << error.what();
    }
  }
  EXPECT_GT(refused, 0);
  std::printf("%d files refused, %d read\n", refused, accepted);
}

/// The files of tests/values/images.json whose names begin so.
std::vector<std::string> image_files(const std::string& kind) {
  std::vector<std::string> files;
  const auto values =
      nlohmann::json::parse(std::ifstream(std::string(CUCURBIT_SOURCE_DIR) + "/tests/values/images.json"));
  for (const auto& entry : values["cases"])
    if (entry["name"].get<std::string>().starts_with(kind)) files.push_back(from_base64(entry["file"]));
  return files;
}

void decode(const std::string& bytes) {
  const RgbImage image = decode_image({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, "file");
  uint64_t sum = 0;
  for (const uint8_t value : image.bytes()) sum += value;  // every byte is there
  EXPECT_LE(sum, image.bytes().size() * 255);
}

TEST(Fuzz, Png) {
  std::vector<std::string> files = image_files("png");
  files.push_back(png({.width = 5, .height = 6, .depth = 16, .color = 6, .interlace = 1}, std::string(400, 'x')));
  fuzz(files, 3000, [](std::string bytes) {
    mend_png(bytes);
    decode(bytes);
  });
  fuzz(files, 1000, decode);
}

TEST(Fuzz, Jpeg) { fuzz(image_files("jpeg"), 3000, decode); }

/// Reads `name` holding the bytes by load_images of `target`.
void fuzz_file(const TemporaryFolder& folder, const std::string& name, const std::vector<std::string>& files,
               int rounds, const std::filesystem::path& target) {
  fuzz(files, rounds, [&](const std::string& bytes) {
    write_bytes(folder / name, bytes);
    const ImageSplits splits = load_images(target);
    for (const int32_t label : splits.train.labels) EXPECT_LT(size_t(label), splits.train.class_names.size());
    const ImageSet& set = splits.train;
    EXPECT_EQ(set.images.size(), size_t(set.count * set.height * set.width * set.channels));
  });
}

TEST(Fuzz, Cifar) {
  TemporaryFolder folder;
  std::string records(3 * 3073, '\5');
  fuzz_file(folder, "train.bin", {records, gzip(records), xz(records)}, 1500, folder / "train.bin");
}

TEST(Fuzz, Archives) {
  TemporaryFolder folder;
  std::vector<std::pair<std::string, std::string>> files;
  for (int i = 1; i <= 5; ++i)
    files.emplace_back("cifar/data_batch_" + std::to_string(i) + ".bin", std::string(3073, 1));
  files.emplace_back("cifar/batches.meta.txt", "a\nb\nc\n");
  std::string headers = tar(files);
  fuzz_file(folder, "set", {headers, gzip(headers), xz(headers)}, 1500, folder / "set");
}

TEST(Fuzz, Idx) {
  TemporaryFolder folder;
  write_bytes(folder / "train-labels-idx1-ubyte", std::string("\0\0\x08\x01\0\0\0\x03\0\1\2", 11));
  const std::string images = std::string("\0\0\x08\x03\0\0\0\x03\0\0\0\x04\0\0\0\x05", 16) + std::string(60, 'x');
  fuzz_file(folder, "train-images-idx3-ubyte", {images, gzip(images), xz(images)}, 1500, folder.path());
}

}  // namespace
}  // namespace cucurbit::test
