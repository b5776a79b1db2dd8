#include "engine/data/idx.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <numeric>
#include <string>
#include <string_view>

#include "support/packed.h"
#include "support/temporary_folder.h"

namespace cucurbit::test {
namespace {

namespace fs = std::filesystem;

std::string idx(uint8_t type, std::initializer_list<uint32_t> extents, std::string_view elements) {
  std::string bytes = {0, 0, static_cast<char>(type), static_cast<char>(extents.size())};
  for (const uint32_t extent : extents) {
    for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<char>(extent >> shift));
  }
  return bytes.append(elements);
}

std::string counting(size_t size, unsigned modulus) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i % modulus);
  return bytes;
}

/// 20 images of 29 x 31 (17 KiB; not compressible, so that its gzip form spans several 4 KiB steps too), 3 classes.
class IdxFile : public ::testing::Test {
 protected:
  IdxFile() {
    uint32_t state = 1;
    for (char& value : pixels) value = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
    images = idx(8, {20, 29, 31}, pixels);
    labels = idx(8, {20}, counting(20, 3));
    write_bytes(images_path, images);
    write_bytes(labels_path, labels);
  }

  ImageSet read() const { return read_idx(images_path, labels_path); }

  void expect_rejected_images(std::string_view bytes, std::initializer_list<std::string_view> parts) {
    write_bytes(images_path, bytes);
    const std::string message = expect_error(ErrorKind::input, parts, [&] { read(); });
    EXPECT_NE(message.find(images_path.string()), std::string::npos) << message;
  }

  TemporaryFolder folder;
  fs::path images_path = folder / "train-images-idx3-ubyte";
  fs::path labels_path = folder / "train-labels-idx1-ubyte";
  std::string pixels = std::string(20 * 29 * 31, '\0');
  std::string images;
  std::string labels;
};

void expect_pixels(const ImageSet& set, std::string_view pixels) {
  ASSERT_EQ(set.images.size(), pixels.size());
  EXPECT_TRUE(std::equal(set.images.begin(), set.images.end(), pixels.begin(),
                         [](uint8_t a, char b) { return a == uint8_t(b); }));
}

TEST_F(IdxFile, Plain) {
  const ImageSet set = read();
  EXPECT_EQ(set.name, folder.path().filename().string());
  EXPECT_EQ(set.count, 20);
  EXPECT_EQ(set.height, 29);
  EXPECT_EQ(set.width, 31);
  EXPECT_EQ(set.channels, 1);
  expect_pixels(set, pixels);
  for (size_t i = 0; i < 20; ++i) EXPECT_EQ(set.labels.at(i), static_cast<int>(i % 3));
  EXPECT_EQ(set.class_names, (std::vector<std::string>{"0", "1", "2"}));
  EXPECT_EQ(class_counts(set), (std::vector<int64_t>{7, 7, 6}));
}

TEST_F(IdxFile, ContentDecidesAboutCompression) {
  write_bytes(images_path, gzip(images));
  write_bytes(folder / "labels.gz", labels);
  expect_pixels(read_idx(images_path, folder / "labels.gz"), pixels);
}

TEST_F(IdxFile, SeveralGzipMembers) {
  for (const size_t cut : {size_t{1}, size_t{4}, size_t{16}, images.size() / 2, images.size()}) {
    write_bytes(images_path, gzip(images.substr(0, cut)) + gzip("") + gzip(images.substr(cut)));
    expect_pixels(read(), pixels);
  }
}

TEST_F(IdxFile, ColourImages) {
  write_bytes(images_path, idx(8, {2, 2, 1, 3}, {"\x00\x33\xff\x00\x33\xff\xff\x33\xff\xff\x33\xff", 12}));
  write_bytes(labels_path, idx(8, {2}, {"\x00\x01", 2}));
  const ImageSet set = read();
  EXPECT_EQ(set.channels, 3);
  const ChannelStatistics statistics = channel_statistics(set);
  ASSERT_EQ(statistics.mean.size(), 3u);
  EXPECT_DOUBLE_EQ(statistics.mean[0], 0.5);
  EXPECT_DOUBLE_EQ(statistics.stddev[0], 0.5);
  EXPECT_DOUBLE_EQ(statistics.mean[1], 0.2);
  EXPECT_DOUBLE_EQ(statistics.stddev[1], 0);
  EXPECT_DOUBLE_EQ(statistics.mean[2], 1);
}

TEST(ImageSet, StatisticsOfAnEmptySet) {
  ImageSet set;
  set.channels = 1;
  const ChannelStatistics statistics = channel_statistics(set);
  EXPECT_EQ(statistics.mean, std::vector<double>{0});
  EXPECT_EQ(statistics.stddev, std::vector<double>{0});
}

TEST_F(IdxFile, MissingOrUnreadable) {
  expect_error(ErrorKind::io, {"/absent-images", "No such file", "check the path"},
               [&] { read_idx(folder / "absent-images", labels_path); });
  expect_error(ErrorKind::io, {"/absent-labels", "No such file"},
               [&] { read_idx(images_path, folder / "absent-labels"); });
  expect_error(ErrorKind::io, {folder.path().string(), "Is a directory"},
               [&] { read_idx(folder.path(), labels_path); });
}

TEST_F(IdxFile, TruncatedPlain) {
  for (size_t size = 0; size < images.size(); size += size < 64 ? 1 : 4096 - size % 4096) {
    expect_rejected_images(images.substr(0, size), {"truncated", "bytes", "again"});
  }
  expect_rejected_images(images.substr(0, images.size() - 1), {"truncated", "announces 17980 bytes", "has 17979"});
}

TEST_F(IdxFile, TruncatedGzip) {
  const std::string packed = gzip(images);
  ASSERT_GT(packed.size(), 3u * 4096);
  for (size_t size = 0; size < packed.size(); size += size < 64 ? 1 : 4096 - size % 4096) {
    expect_rejected_images(packed.substr(0, size), {"again"});
  }
  for (size_t missing = 1; missing <= 16; ++missing) {
    expect_rejected_images(packed.substr(0, packed.size() - missing), {});
  }
}

TEST_F(IdxFile, TooLong) {
  expect_rejected_images(images + "x", {"too long", "17980"});
  expect_rejected_images(gzip(images + "x"), {"too long", "17980"});
  expect_rejected_images(gzip(images) + gzip("x"), {"too long", "17980"});
  expect_rejected_images(gzip(images) + "x", {"extra bytes follow"});
  expect_rejected_images(gzip(images) + "trailing", {"extra bytes follow"});
}

TEST_F(IdxFile, DamagedGzip) {
  std::string packed = gzip(images);
  packed[packed.size() - 6] ^= 1;  // CRC-32
  expect_rejected_images(packed, {"damaged", "data check"});
  packed = gzip(images);
  packed[packed.size() - 1] ^= 1;  // length
  expect_rejected_images(packed, {"damaged", "length check"});
}

// Some bits carry nothing: the date, the compression level, the system, the padding before a stored block.
TEST_F(IdxFile, DamagedGzipBytesAreNoticedOrHarmless) {
  const std::string packed = gzip(images);
  int noticed = 0;
  for (size_t i = 0; i < packed.size(); i += i < 64 ? 1 : 61) {
    std::string damaged = packed;
    damaged[i] ^= 0x10;
    write_bytes(images_path, damaged);
    try {
      expect_pixels(read(), pixels);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::input);
      EXPECT_NE(std::string(error.what()).find(images_path.string()), std::string::npos) << error.what();
      ++noticed;
    }
  }
  EXPECT_GT(noticed, 300);
}

TEST_F(IdxFile, WrongMagic) {
  expect_error(ErrorKind::input,
               {labels_path.string(), "this is a label file", "0x00000801", "expected a file of images"},
               [&] { read_idx(labels_path, labels_path); });
  expect_error(ErrorKind::input,
               {images_path.string(), "this is an image file", "0x00000803", "expected a file of labels"},
               [&] { read_idx(images_path, images_path); });
  expect_rejected_images("\x89PNG\r\n\x1a\n", {"not an IDX file", "0x89504e47"});
  expect_rejected_images(std::string("\x03\x08\x00\x00", 4), {"wrong byte order"});
  expect_rejected_images(idx(8, {2, 3}, "123456"), {"2 dimensions"});
  expect_rejected_images(idx(8, {1, 1, 1, 1, 1}, "1"), {"5 dimensions"});
  expect_rejected_images(idx(0x0D, {1, 1, 1}, "1234"), {"32-bit floats", "expected a file of images: unsigned bytes"});
  expect_rejected_images(idx(0x09, {1, 1, 1}, "1"), {"signed bytes"});
  expect_rejected_images(idx(0x07, {1, 1, 1}, "1"), {"not an IDX file"});
}

TEST_F(IdxFile, ImpossibleDimensions) {
  expect_rejected_images(idx(8, {0, 28, 28}, ""), {"a dimension of [0, 28, 28] is 0"});
  expect_rejected_images(idx(8, {20, 28, 0}, ""), {"a dimension of [20, 28, 0] is 0"});
  expect_rejected_images(idx(8, {0xffffffff, 0xffffffff, 0xffffffff}, ""), {"more than the 16 GiB"});
  expect_rejected_images(idx(8, {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, ""), {"more than the 16 GiB"});
  expect_rejected_images(idx(8, {1u << 20, 256, 65}, ""), {"more than the 16 GiB"});
  expect_rejected_images(idx(8, {1, 65536, 1}, ""), {"65536 x 1", "smaller"});
  expect_rejected_images(idx(8, {2, 3, 32, 32}, ""), {"[2, 3, 32, 32]", "[count, height, width, channels]"});
  write_bytes(images_path, images);
  write_bytes(labels_path, idx(8, {0}, ""));
  expect_error(ErrorKind::input, {labels_path.string(), "a dimension of [0] is 0"}, [&] { read(); });
}

// 16 GiB announced, almost nothing there: must be refused without taking that memory.
TEST_F(IdxFile, LargeAnnouncementInASmallFile) {
  const std::string header = idx(8, {1u << 20, 128, 128}, "");
  expect_rejected_images(header + "abc", {"truncated", "has 3"});
  expect_rejected_images(gzip(header + "abc"), {"truncated", "has 3"});
}

// 64 MiB of zeros in 64 KiB: only what the header announces may be decompressed.
TEST_F(IdxFile, GzipBomb) {
  expect_rejected_images(gzip(idx(8, {1, 2, 2}, std::string(size_t{64} << 20, '\0'))), {"too long", "follow the 4"});
}

TEST_F(IdxFile, MismatchedCounts) {
  write_bytes(labels_path, idx(8, {19}, counting(19, 3)));
  expect_error(ErrorKind::input, {images_path.string(), labels_path.string(), "20 images", "19 labels"},
               [&] { read(); });
}

TEST_F(IdxFile, LabelsOutOfRange) {
  EXPECT_EQ(read_idx(images_path, labels_path, 3).class_names.size(), 3u);
  EXPECT_EQ(read_idx(images_path, labels_path, 10).class_names.size(), 10u);
  expect_error(ErrorKind::input, {labels_path.string(), "label 2 of image 2", "2 classes, 0 to 1"},
               [&] { read_idx(images_path, labels_path, 2); });
  expect_error(ErrorKind::usage, {labels_path.string(), "0 classes"}, [&] { read_idx(images_path, labels_path, 0); });
}

TEST_F(IdxFile, FolderWithoutTestSet) {
  const ImageSplits splits = load_idx_folder(folder.path());
  EXPECT_EQ(splits.train.count, 20);
  EXPECT_FALSE(splits.test.has_value());
  expect_pixels(load_idx_folder(folder.path() / "").train, pixels);
}

TEST_F(IdxFile, FolderOfOtherNames) {
  fs::rename(images_path, folder / "train-images.idx3-ubyte");
  write_bytes(folder / "t10k-images-idx3-ubyte.gz", gzip(idx(8, {1, 29, 31}, pixels.substr(0, 899))));
  write_bytes(folder / "t10k-labels.idx1-ubyte.gz", gzip(idx(8, {1}, "\x01")));
  const ImageSplits splits = load_idx_folder(folder.path());
  EXPECT_EQ(splits.train.count, 20);
  ASSERT_TRUE(splits.test.has_value());
  EXPECT_EQ(splits.test->count, 1);
  EXPECT_EQ(splits.test->class_names, splits.train.class_names);
}

TEST_F(IdxFile, OnlyTheShapeTagDiffers) {
  fs::remove(images_path);
  write_bytes(folder / "train-images-idx4-ubyte.xz", xz(idx(8, {20, 29, 31, 1}, pixels)));
  fs::rename(labels_path, folder / "train-labels.idx7-ubyte");
  EXPECT_TRUE(is_idx_folder(folder.path()));
  expect_pixels(load_idx_folder(folder.path()).train, pixels);
  write_bytes(folder / "train-images-idx3-ubyte", images.substr(0, 100));  // comes first by name
  expect_error(ErrorKind::input, {"train-images-idx3-ubyte", "truncated"}, [&] { load_idx_folder(folder.path()); });
}

TEST_F(IdxFile, TruncatedOrDamagedXz) {
  const std::string packed = xz(images);
  write_bytes(images_path, xz(images.substr(0, 5)) + xz(images.substr(5)));
  expect_pixels(read(), pixels);
  for (size_t size = 6; size < packed.size(); size += 997) expect_rejected_images(packed.substr(0, size), {"again"});
  expect_rejected_images(packed.substr(0, packed.size() - 1), {"xz data ends early"});
  expect_rejected_images(packed + "and trailing bytes", {"xz data is damaged"});
  std::string damaged = packed;
  damaged[packed.size() / 2] ^= 1;
  expect_rejected_images(damaged, {"xz data is damaged"});
}

TEST_F(IdxFile, IncompleteFolder) {
  const std::string name = folder.path().string();
  write_bytes(folder / "t10k-labels-idx1-ubyte", idx(8, {1}, "\x01"));
  expect_error(ErrorKind::io, {name, "the test images", "t10k-images-idx3-ubyte"},
               [&] { load_idx_folder(folder.path()); });
  fs::remove(images_path);
  fs::remove(labels_path);
  expect_error(ErrorKind::io, {name, "training images", "training labels", "test images", "train-images-idx3-ubyte"},
               [&] { load_idx_folder(folder.path()); });
  expect_error(ErrorKind::io, {"/absent", "no such folder"}, [&] { load_idx_folder(folder / "absent"); });
  expect_error(ErrorKind::input, {"t10k-labels-idx1-ubyte", "not a folder"},
               [&] { load_idx_folder(folder / "t10k-labels-idx1-ubyte"); });
}

TEST_F(IdxFile, TestSetOfAnotherKind) {
  write_bytes(folder / "t10k-images-idx3-ubyte", idx(8, {1, 1, 2}, "ab"));
  write_bytes(folder / "t10k-labels-idx1-ubyte", idx(8, {1}, "\x01"));
  expect_error(ErrorKind::input, {"t10k-images-idx3-ubyte", "1 x 2 x 1", "29 x 31 x 1"},
               [&] { load_idx_folder(folder.path()); });
  write_bytes(folder / "t10k-labels-idx1-ubyte", idx(8, {1}, "\x03"));
  expect_error(ErrorKind::input, {"t10k-labels-idx1-ubyte", "label 3", "3 classes"},
               [&] { load_idx_folder(folder.path()); });
}

TEST(Mnist, IsTheOfficialOne) {
  const ImageSplits splits = load_idx_folder(fs::path(CUCURBIT_SOURCE_DIR) / "data/mnist");
  const ImageSet& train = splits.train;
  EXPECT_EQ(train.name, "mnist");
  EXPECT_EQ(train.count, 60000);
  EXPECT_EQ(train.height, 28);
  EXPECT_EQ(train.width, 28);
  EXPECT_EQ(train.channels, 1);
  EXPECT_EQ(train.class_names.size(), 10u);
  EXPECT_EQ(std::vector<int32_t>(train.labels.begin(), train.labels.begin() + 5),
            (std::vector<int32_t>{5, 0, 4, 1, 9}));
  EXPECT_EQ(class_counts(train), (std::vector<int64_t>{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}));
  const ChannelStatistics statistics = channel_statistics(train);
  EXPECT_NEAR(statistics.mean.at(0), 0.1307, 5e-5);
  EXPECT_NEAR(statistics.stddev.at(0), 0.3081, 5e-5);

  ASSERT_TRUE(splits.test.has_value());
  EXPECT_EQ(splits.test->count, 10000);
  EXPECT_EQ(std::vector<int32_t>(splits.test->labels.begin(), splits.test->labels.begin() + 5),
            (std::vector<int32_t>{7, 2, 1, 0, 4}));
  EXPECT_EQ(splits.test->class_names, train.class_names);
}

}  // namespace
}  // namespace cucurbit::test
