// The cache of packed archives.
#include <gtest/gtest.h>

#include "engine/data/load.h"
#include "kernels/error.h"
#include "support/packed.h"
#include "support/temporary_folder.h"

namespace cucurbit::test {
namespace {

namespace fs = std::filesystem;

/// An archive in the layout of CIFAR-100 with two training images and a test image; `shade` is in every pixel.
class ArchiveCache : public ::testing::Test {
 protected:
  void write(char shade, bool test = true) {
    const auto record = [&](int coarse, int fine) {
      return std::string{char(coarse), char(fine)} + std::string(3072, shade);
    };
    std::vector<std::pair<std::string, std::string>> files{{"train.bin", record(3, 70) + record(5, 99)}};
    if (test) files.emplace_back("test.bin", record(19, 0));
    write_bytes(archive, gzip(tar(files)));
  }

  ImageSplits load(LoadOptions options = {}) {
    notes.clear();
    if (options.cache_dir.empty()) options.cache_dir = folder / "cache";
    options.note = [this](const std::string& text) { notes.push_back(text); };
    return load_images(archive, options);
  }

  /// Another archive of the same size and date, so that only the cache can know the old content.
  void replace_unseen() {
    const auto date = fs::last_write_time(archive);
    write_bytes(archive, std::string(fs::file_size(archive), 'x'));
    fs::last_write_time(archive, date);
  }

  static void expect_equal(const ImageSet& got, const ImageSet& expected) {
    EXPECT_EQ(got.name, expected.name);
    EXPECT_EQ(got.count, expected.count);
    EXPECT_EQ(got.height, 32);
    EXPECT_EQ(got.width, 32);
    EXPECT_EQ(got.channels, 3);
    EXPECT_EQ(got.labels, expected.labels);
    EXPECT_EQ(got.class_names, expected.class_names);
    EXPECT_TRUE(std::ranges::equal(got.images, expected.images));
  }

  TemporaryFolder folder;
  fs::path archive = folder / "cifar-100-binary.tar.gz";
  std::vector<std::string> notes;
};

TEST_F(ArchiveCache, AnswersAsTheArchive) {
  for (const bool test : {true, false}) {
    write(7, test);
    const ImageSplits plain = load_images(archive);
    ASSERT_EQ(plain.test.has_value(), test);
    EXPECT_EQ(plain.train.labels, (std::vector<int32_t>{70, 99}));
    expect_equal(load().train, plain.train);
    replace_unseen();
    const ImageSplits cached = load();
    expect_equal(cached.train, plain.train);
    ASSERT_EQ(cached.test.has_value(), test);
    if (test) expect_equal(*cached.test, *plain.test);
    EXPECT_TRUE(notes.empty());
  }
}

TEST_F(ArchiveCache, FineAndCoarseLabelsAndSizesAreKeptApart) {
  write(7);
  EXPECT_EQ(load().train.labels, (std::vector<int32_t>{70, 99}));
  EXPECT_EQ(load({{}, 0, /*coarse_labels=*/true}).train.labels, (std::vector<int32_t>{3, 5}));
  replace_unseen();
  EXPECT_EQ(load({{}, 0, /*coarse_labels=*/true}).train.labels, (std::vector<int32_t>{3, 5}));
  EXPECT_EQ(load().train.labels, (std::vector<int32_t>{70, 99}));
  EXPECT_EQ(load({{.img_size = 8}}).test->images.size(), 8u * 8 * 3);
}

TEST_F(ArchiveCache, ANewArchiveIsReadAgain) {
  write(7);
  EXPECT_EQ(load().train.images[0], 7);
  const auto date = fs::last_write_time(archive);
  write(9);
  fs::last_write_time(archive, date + std::chrono::seconds(1));
  EXPECT_EQ(load().train.images[0], 9) << "another date";
  write(11, false);
  fs::last_write_time(archive, date + std::chrono::seconds(1));
  EXPECT_EQ(load().train.images[0], 11) << "another size";
  EXPECT_EQ(std::distance(fs::directory_iterator(folder / "cache"), {}), 1) << "a stale cache is replaced";
}

TEST_F(ArchiveCache, ADamagedCacheIsMadeAnew) {
  write(7);
  load();
  const fs::path path = fs::directory_iterator(folder / "cache")->path();
  const std::string bytes = read_bytes(path);
  for (const size_t at : {size_t{5}, size_t{9000}, bytes.size() - 100, bytes.size() - 30, bytes.size() - 1}) {
    std::string damaged = bytes;
    damaged[at] ^= 4;
    write_bytes(path, damaged);
    EXPECT_EQ(load().train.images[0], 7);
    ASSERT_EQ(notes.size(), 1u) << at;
    EXPECT_NE(notes[0].find("is damaged and is written again"), std::string::npos) << notes[0];
    EXPECT_EQ(read_bytes(path), bytes);
  }
  write_bytes(path, bytes.substr(0, 4000));
  EXPECT_EQ(load().train.images[0], 7);
}

TEST_F(ArchiveCache, ACacheThatCannotBeWritten) {
  write(7);
  write_bytes(folder / "cache", "a file");
  EXPECT_EQ(load().train.images[0], 7);
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("is not cached"), std::string::npos) << notes[0];
  EXPECT_NE(notes[0].find("/cache/"), std::string::npos) << notes[0];
  expect_error(ErrorKind::io, {"/cache/", "cannot write"}, [&] { load({{.cache_required = true}}); });
}

}  // namespace
}  // namespace cucurbit::test
