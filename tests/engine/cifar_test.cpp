#include "engine/data/cifar.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>

#include "engine/data/load.h"
#include "support/packed.h"
#include "support/temporary_folder.h"

namespace cucurbit::test {
namespace {

namespace fs = std::filesystem;

/// The value of a pixel, different for every argument.
char pixel(int image, int channel, int row, int column) {
  return static_cast<char>(image * 71 + channel * 89 + row * 7 + column * 3);
}

/// `count` records of label (first + image) mod classes, before it a coarse one where asked for.
std::string records(int count, int classes, int first = 0, int coarse_classes = 0) {
  std::string bytes;
  for (int i = 0; i < count; ++i) {
    if (coarse_classes > 0) bytes.push_back(static_cast<char>(i % coarse_classes));
    bytes.push_back(static_cast<char>((first + i) % classes));
    for (int c = 0; c < 3; ++c)
      for (int y = 0; y < 32; ++y)
        for (int x = 0; x < 32; ++x) bytes.push_back(pixel(first + i, c, y, x));
  }
  return bytes;
}

void expect_image(const ImageSet& set, int index, int image) {
  for (int y = 0; y < 32; ++y)
    for (int x = 0; x < 32; ++x)
      for (int c = 0; c < 3; ++c)
        ASSERT_EQ(set.images[((index * 32 + y) * 32 + x) * 3 + c], uint8_t(pixel(image, c, y, x)))
            << "image " << index << " at " << y << "," << x << "," << c;
}

class Cifar : public ::testing::Test {
 protected:
  void write_batches(const std::function<std::string(std::string)>& pack, const std::string& ending) {
    for (int i = 1; i <= 5; ++i)
      write_bytes(folder / ("data_batch_" + std::to_string(i) + ".bin" + ending), pack(records(3, 10, 3 * i)));
    write_bytes(folder / ("test_batch.bin" + ending), pack(records(2, 10, 5)));
  }

  std::vector<std::pair<std::string, std::string>> batches() const {
    std::vector<std::pair<std::string, std::string>> files;
    for (int i = 5; i >= 1; --i)  // the order of an archive does not matter
      files.emplace_back("cifar-10-batches-bin/data_batch_" + std::to_string(i) + ".bin", records(3, 10, 3 * i));
    files.emplace_back("cifar-10-batches-bin/test_batch.bin", records(2, 10, 5));
    return files;
  }

  static void expect_batches(const ImageSplits& splits) {
    ASSERT_EQ(splits.train.count, 15);
    EXPECT_EQ(splits.train.images.size(), 15u * 3072);
    for (int i = 0; i < 15; ++i) {
      EXPECT_EQ(splits.train.labels[i], (3 + i) % 10);
      expect_image(splits.train, i, 3 + i);
    }
    ASSERT_TRUE(splits.test.has_value());
    ASSERT_EQ(splits.test->count, 2);
    expect_image(*splits.test, 1, 6);
    ASSERT_EQ(splits.train.class_names.size(), 10u);
    EXPECT_EQ(splits.train.class_names[3], "cat");
    EXPECT_EQ(splits.test->class_names, splits.train.class_names);
  }

  void expect_rejected(std::string_view name, std::string_view bytes, std::initializer_list<std::string_view> parts,
                       ErrorKind kind = ErrorKind::input) {
    write_bytes(folder / name, bytes);
    expect_error(kind, parts, [&] { load_images(folder / name); });
  }

  TemporaryFolder folder;
};

TEST_F(Cifar, FolderOfBatches) {
  write_batches([](std::string bytes) { return bytes; }, "");
  expect_batches(load_images(folder.path()));
}

TEST_F(Cifar, FolderOfPackedBatches) {
  write_batches(gzip, ".gz");
  expect_batches(load_images(folder.path()));
}

TEST_F(Cifar, ContentDecidesAboutCompression) {
  write_batches(xz, "");
  expect_batches(load_images(folder.path()));
}

TEST_F(Cifar, Archives) {
  for (const auto& [name, bytes] : {std::pair<std::string, std::string>{"a.tar", tar(batches())},
                                    {"b.tar.gz", gzip(tar(batches()))},
                                    {"c.tar.xz", xz(tar(batches()))},
                                    {"d.zip", xz(tar(batches()))}}) {
    write_bytes(folder / name, bytes);
    SCOPED_TRACE(name);
    expect_batches(load_images(folder / name));
  }
  EXPECT_EQ(load_images(folder / "c.tar.xz").train.name, "c");
}

TEST_F(Cifar, FoldersWithThePublishedArchive) {
  write_bytes(folder / "cifar-10-binary.tar.gz", gzip(tar(batches())));
  expect_batches(load_images(folder.path()));
  // What it unpacks to comes before it.
  fs::create_directories(folder / "cifar-10-batches-bin");
  for (const auto& [name, bytes] : batches()) write_bytes(folder / name, bytes);
  write_bytes(folder / "cifar-10-binary.tar.gz", "damaged");
  expect_batches(load_images(folder.path()));
}

TEST_F(Cifar, ArchiveWithLongNames) {
  const std::string deep = std::string(150, 'd') + "/";
  std::string archive = tar_member("pax_global_header", "52 comment=b1b2b3b4b5b6b7b8b9b0b1b2b3b4b5b6b7b8b9b0\n", 'g');
  archive += tar_member("././@LongLink", deep + "data_batch_1.bin" + std::string(1, '\0'), 'L');
  archive += tar_member("ignored", records(3, 10, 3));
  const std::string path = "path=" + deep + "data_batch_2.bin\n";
  archive += tar_member("PaxHeader", std::to_string(path.size() + 4) + " " + path, 'x');
  archive += tar_member("ignored", records(3, 10, 6));
  archive += tar_header("cifar-10-batches-bin", "00000000000", '5');
  for (int i = 3; i <= 5; ++i)
    archive += tar_member("./data_batch_" + std::to_string(i) + ".bin", records(3, 10, 3 * i));
  archive += tar_member("test_batch.bin", records(2, 10, 5));
  write_bytes(folder / "a.tar", archive + std::string(10240, '\0'));
  expect_batches(load_images(folder / "a.tar"));
}

TEST_F(Cifar, TheNamesOfTheSetCount) {
  write_batches([](std::string bytes) { return bytes; }, "");
  write_bytes(folder / "batches.meta.txt", "a\nb\r\nc\nd\ne\nf\ng\nh\ni\nj\n\n");
  EXPECT_EQ(load_images(folder.path()).train.class_names[1], "b");
  write_bytes(folder / "batches.meta.txt", "a\nb\n");
  expect_error(ErrorKind::input, {"out of range", "2 classes, a,b"}, [&] { load_images(folder.path()); });
  write_bytes(folder / "batches.meta.txt", "a\nb\na\n");
  expect_error(ErrorKind::input, {"batches.meta.txt", "class a", "twice"}, [&] { load_images(folder.path()); });
}

TEST_F(Cifar, TwoLabels) {
  write_bytes(folder / "train.bin", records(7, 100, 40, 20));
  write_bytes(folder / "test.bin", records(2, 100, 98, 20));
  const ImageSplits fine = load_images(folder.path());
  EXPECT_EQ(fine.train.labels, (std::vector<int32_t>{40, 41, 42, 43, 44, 45, 46}));
  EXPECT_EQ(fine.train.class_names.size(), 100u);
  expect_image(fine.train, 6, 46);
  const ImageSplits coarse = load_images(folder.path(), {.coarse_labels = true});
  EXPECT_EQ(coarse.train.labels, (std::vector<int32_t>{0, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(coarse.train.class_names.size(), 20u);
  std::string names;
  for (int i = 0; i < 100; ++i) names += "fine" + std::to_string(i) + "\n";
  write_bytes(folder / "fine_label_names.txt", names);
  EXPECT_EQ(load_images(folder.path()).test->class_names[99], "fine99");
}

TEST_F(Cifar, OtherClassesInTheSameLayout) {
  write_bytes(folder / "train.bin.gz", gzip(records(6, 3)));
  write_bytes(folder / "test.bin.gz", gzip(records(1, 3, 1)));
  EXPECT_EQ(load_images(folder.path()).train.class_names, (std::vector<std::string>{"0", "1", "2"}));
  const ImageSplits lone = load_images(folder / "train.bin.gz");
  EXPECT_EQ(lone.train.count, 6);
  EXPECT_FALSE(lone.test.has_value());
  write_bytes(folder / "classes.txt", "x\ny\nz\n");
  EXPECT_EQ(load_images(folder / "test.bin.gz").train.class_names, (std::vector<std::string>{"x", "y", "z"}));
  write_bytes(folder / "test.bin.gz", gzip(records(1, 4, 3)));
  expect_error(ErrorKind::input, {"test.bin.gz", "label 3 of image 0"}, [&] { load_images(folder.path()); });
  expect_error(ErrorKind::usage, {"`coarse_labels`", "leave it out"},
               [&] { load_images(folder.path(), {.coarse_labels = true}); });
}

TEST_F(Cifar, IncompleteFolder) {
  write_batches([](std::string bytes) { return bytes; }, "");
  fs::remove(folder / "data_batch_3.bin");
  expect_error(ErrorKind::io, {folder.path().string(), "these files are missing: data_batch_3.bin"},
               [&] { load_images(folder.path()); });
  write_bytes(folder / "data_batch_3.bin", records(1, 10));
  write_bytes(folder / "data_batch_3.bin.gz", gzip(records(1, 10)));
  expect_error(ErrorKind::input, {"data_batch_3.bin", "same part"}, [&] { load_images(folder.path()); });
  fs::remove(folder / "data_batch_3.bin.gz");
  write_bytes(folder / "train.bin", records(1, 10));
  expect_error(ErrorKind::input, {"keep the files of one data set"}, [&] { load_images(folder.path()); });
  EXPECT_EQ(load_images(folder / "data_batch_3.bin").train.class_names[9], "truck");
}

TEST_F(Cifar, DamagedFiles) {
  const std::string good = records(4, 10);
  expect_rejected("train.bin", "", {"train.bin", "empty", "again"});
  expect_rejected("train.bin", good.substr(0, good.size() - 1), {"12291 bytes are not a multiple of", "3073", "3074"});
  expect_rejected("train.bin", good + "x", {"12293 bytes"});
  expect_rejected("train.bin", good.substr(0, 100), {"100 bytes"});
  const std::string packed = gzip(good);
  for (size_t size = 2; size < packed.size(); size += packed.size() / 7)
    expect_rejected("train.bin", packed.substr(0, size), {"train.bin", "again"});
  expect_rejected("train.bin", std::string("\0\0\x08\x03", 4) + good, {"IDX file"});
  expect_rejected("train.bin", "\x89PNG\r\n\x1a\n", {"train.bin", "cucurbit predict"});
  std::string wrong = good;
  wrong[3073] = '\x0a';
  expect_rejected("data_batch_2.bin", wrong, {"data_batch_2.bin", "label 10 of image 1", "10 classes, airplane"});
}

TEST_F(Cifar, DamagedArchives) {
  const std::string good = tar(batches());
  const std::string member = tar_member("data_batch_1.bin", records(3, 10));
  const std::string end(1024, '\0');
  for (size_t size : {size_t{600}, size_t{9000}, good.size() - 1024, good.size() - 1100})
    expect_rejected("a.tar", good.substr(0, size), {"a.tar", "truncated", "again"});
  const std::string packed = xz(good);
  for (size_t i = 1; i <= 4; ++i)
    expect_rejected("a.tar", packed.substr(0, packed.size() * i / 5), {"a.tar", "xz data", "again"});
  std::string wrong = good;
  wrong[512 + 9728 + 3] ^= 1;
  expect_rejected("a.tar", wrong, {"a.tar", "wrong checksum"});
  for (std::string_view size : {std::string_view("0000000000x"), {"\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff", 12}})
    expect_rejected("a.tar", tar_header("data_batch_1.bin", size) + end, {"a.tar", "data_batch_1.bin", "announces"});
  expect_rejected("a.tar", tar_header("data_batch_1.bin", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff") + end,
                  {"a.tar", "announces no size"});
  expect_rejected("a.tar", tar_header("data_batch_1.bin", "77777777777") + end,
                  {"a.tar", "truncated", "member data_batch_1.bin"});
  for (const char* name : {"../data_batch_1.bin", "/etc/data_batch_1.bin", "a/../../test_batch.bin"})
    expect_rejected("a.tar", tar_member(name, records(3, 10)) + end, {name, "leads outside the archive"});
  expect_rejected("a.tar", tar_header("x/data_batch_1.bin", "00000000000", '2') + end, {"data_batch_1.bin", "link"});
  expect_rejected("a.tar", member + member + end, {"data_batch_1.bin", "same part"});
  expect_rejected("a.tar", member + end, {"these files are missing: data_batch_2.bin"}, ErrorKind::io);
  expect_rejected("a.tar", tar({{"readme.txt", "hello"}}), {"neither data_batch_1.bin nor train.bin"});
  expect_rejected("a.tar", tar_member("@LongLink", std::string(70000, 'n'), 'L') + end, {"name has 70000 bytes"});
  expect_rejected("a.tar", tar_member("PaxHeader", "999 path=x\n", 'x') + end, {"pax header is damaged"});
}

TEST_F(Cifar, FoldersOfSeveralSets) {
  write_bytes(folder / "cifar-10-binary.tar", tar(batches()));
  write_bytes(folder / "cifar-100-binary.tar.gz", "x");
  expect_error(ErrorKind::input, {"several data sets, cifar-10-binary.tar and cifar-100-binary.tar.gz"},
               [&] { load_images(folder.path()); });
  fs::remove(folder / "cifar-100-binary.tar.gz");
  write_bytes(folder / "train.bin", records(1, 10));
  expect_error(ErrorKind::input, {"several data sets", "CIFAR files"}, [&] { load_images(folder.path()); });
  expect_error(ErrorKind::io, {"/absent", "No such file"}, [&] { load_images(folder / "absent"); });
}

/// Where published sets lie that may not be part of the repository.
fs::path published(const char* name) {
  const char* const data = std::getenv("CUCURBIT_TEST_DATA_DIR");
  return data != nullptr && fs::exists(fs::path(data) / name) ? fs::path(data) / name : fs::path();
}

TEST(PublishedSets, Cifar10) {
  const fs::path path = published("cifar10");
  if (path.empty()) GTEST_SKIP() << "CUCURBIT_TEST_DATA_DIR names no folder with cifar10";
  const ImageSplits splits = load_images(path);
  EXPECT_EQ(class_counts(splits.train), std::vector<int64_t>(10, 5000));
  EXPECT_EQ(class_counts(splits.test.value()), std::vector<int64_t>(10, 1000));
  EXPECT_EQ(splits.train.class_names[9], "truck");
  // The first labels and pixel of the published files, and the statistics that everybody uses.
  EXPECT_EQ(std::vector<int32_t>(splits.train.labels.begin(), splits.train.labels.begin() + 5),
            (std::vector<int32_t>{6, 9, 9, 4, 1}));
  EXPECT_EQ(std::vector<uint8_t>(splits.train.images.begin(), splits.train.images.begin() + 3),
            (std::vector<uint8_t>{59, 62, 63}));
  const ChannelStatistics statistics = channel_statistics(splits.train);
  for (const auto& [c, mean, stddev] : {std::tuple(0u, 0.4914, 0.2470), {1u, 0.4822, 0.2435}, {2u, 0.4465, 0.2616}}) {
    EXPECT_NEAR(statistics.mean[c], mean, 5e-5);
    EXPECT_NEAR(statistics.stddev[c], stddev, 5e-5);
  }
}

TEST(PublishedSets, ApplesAndBananas) {
  const fs::path path = published("apples-bananas");
  if (path.empty()) GTEST_SKIP() << "CUCURBIT_TEST_DATA_DIR names no folder with apples-bananas";
  const ImageSplits splits = load_images(path);
  EXPECT_EQ(splits.train.class_names, (std::vector<std::string>{"apple", "banana"}));
  EXPECT_EQ(class_counts(splits.train), (std::vector<int64_t>{500, 500}));
  EXPECT_EQ(class_counts(splits.test.value()), (std::vector<int64_t>{100, 50}));
}

TEST(PublishedSets, Usps) {
  const fs::path path = published("usps");
  if (path.empty()) GTEST_SKIP() << "CUCURBIT_TEST_DATA_DIR names no folder with usps";
  const ImageSplits splits = load_images(path);
  EXPECT_EQ(splits.train.count, 7291);
  EXPECT_EQ(splits.train.height, 16);
  EXPECT_EQ(splits.test.value().count, 2007);
}

}  // namespace
}  // namespace cucurbit::test
