#include "engine/data/image_folder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "engine/data/audit.h"
#include "engine/data/contact_sheet.h"
#include "engine/data/image_cache.h"
#include "engine/data/image_file.h"
#include "engine/data/load.h"
#include "support/image_bytes.h"
#include "support/temporary_folder.h"

namespace cucurbit::test {
namespace {

namespace fs = std::filesystem;

/// A folder of PNG pictures, whose seeds tell them apart.
class Folder : public ::testing::Test {
 protected:
  void add(const std::string& path, int seed, int height = 6, int width = 8) {
    fs::create_directories((root / path).parent_path());
    write_bytes(root / path, png_picture(height, width, seed));
  }

  ImageFolder load(FolderOptions options = {}) {
    notes.clear();
    options.note = [this](const std::string& text) { notes.push_back(text); };
    return load_image_folder(root, options);
  }

  FolderOptions cached() const { return {.cache_dir = folder / "cache", .cache_required = true}; }

  static void expect_picture(const ImageSet& set, int64_t index, int seed) {
    for (int64_t y = 0; y < set.height; ++y)
      for (int64_t x = 0; x < set.width; ++x)
        for (int64_t c = 0; c < 3; ++c)
          ASSERT_EQ(set.images[((index * set.height + y) * set.width + x) * 3 + c],
                    picture(seed, int(y), int(x), int(c)))
              << "image " << index;
  }

  fs::path cache_file() const {
    for (const auto& entry : fs::directory_iterator(folder / "cache")) return entry.path();
    return {};
  }

  TemporaryFolder folder;
  fs::path root = folder / "set";
  std::vector<std::string> notes;
};

TEST_F(Folder, ClassesAndFilesInBytewiseOrder) {
  add("b/2.png", 1);
  add("b/10.PNG", 2);
  add("B/deep/er/x.JpG", 3);
  add("B/a.jpeg", 4);
  add("\xc3\xa4/1.png", 5);
  write_bytes(root / "readme.txt", "x");
  write_bytes(root / "b/notes.txt", "x");
  write_bytes(root / "b/.hidden.png", "x");
  const ImageFolder loaded = load();
  const ImageSet& set = loaded.train.images;
  EXPECT_EQ(set.name, "set");
  EXPECT_EQ(set.class_names, (std::vector<std::string>{"B", "b", "\xc3\xa4"}));
  EXPECT_EQ(set.labels, (std::vector<int32_t>{0, 0, 1, 1, 2}));
  EXPECT_EQ(set.paths,
            (std::vector<std::string>{"B/a.jpeg", "B/deep/er/x.JpG", "b/10.PNG", "b/2.png", "\xc3\xa4/1.png"}));
  EXPECT_EQ(set.channels, 3);
  int index = 0;
  for (const int seed : {4, 3, 2, 1, 5}) expect_picture(set, index++, seed);
  EXPECT_FALSE(loaded.validation || loaded.test);
  EXPECT_EQ(loaded.ignored, 1);
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("1 in all, the first is b/notes.txt"), std::string::npos) << notes[0];
}

TEST_F(Folder, Splits) {
  add("train/x/1.png", 1);
  add("train/y/1.png", 2);
  add("val/y/1.png", 3);
  add("test/x/1.png", 4);
  add("test/y/1.png", 5);
  const ImageSplits splits = load_images(root);
  EXPECT_EQ(splits.train.count, 2);
  ASSERT_TRUE(splits.validation && splits.test);
  EXPECT_EQ(splits.validation->labels, (std::vector<int32_t>{1}));
  EXPECT_EQ(splits.validation->class_names, splits.train.class_names);
  expect_picture(*splits.validation, 0, 3);
  expect_picture(*splits.test, 1, 5);
  add("test/z/1.png", 6);
  expect_error(ErrorKind::input, {"/test", "class z", "x,y,z", "in train are x,y"}, [&] { load(); });
}

TEST_F(Folder, Resizes) {
  add("x/1.png", 1, 40, 60);
  add("x/2.png", 2, 30, 20);
  add("x/3.png", 3, 16, 16);
  expect_error(ErrorKind::input, {"x/1.png is 40 x 60", "x/2.png is 30 x 20", "`img_size`"}, [&] { load(); });
  const ImageFolder loaded = load({.img_size = 16});
  const ImageSet& set = loaded.train.images;
  EXPECT_EQ(set.height, 16);
  EXPECT_EQ(set.images.size(), 3u * 16 * 16 * 3);
  expect_picture(set, 2, 3);
  std::vector<uint8_t> expected(16 * 16 * 3);
  const RgbImage image = read_image(root / "x/1.png");
  resize_image(image.bytes(), 40, 60, 3, ResizeMode::crop, 16, expected);
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), set.images.begin()));
  EXPECT_EQ(loaded.train.facts[0].height, 40u);
  EXPECT_EQ(loaded.train.facts[0].width, 60u);
  const ImageFolder stretched = load({.img_size = 16, .resize = ResizeMode::stretch});
  EXPECT_FALSE(std::equal(expected.begin(), expected.end(), stretched.train.images.images.begin()));
}

TEST_F(Folder, TestImagesOfAnotherSize) {
  add("train/x/1.png", 1);
  add("test/x/1.png", 1, 5, 5);
  expect_error(ErrorKind::input, {"train/x/1.png is 6 x 8", "test/x/1.png is 5 x 5", "`img_size`"}, [&] { load(); });
}

TEST_F(Folder, BadFilesAreReportedOrSkipped) {
  for (int i = 0; i < 5; ++i) add("x/" + std::to_string(i) + ".png", i);
  add("y/1.png", 9);
  write_bytes(root / "x/1.png", "GIF89a");
  write_bytes(root / "x/3.png", "");
  fs::create_symlink("nowhere", root / "x/6.png");
  expect_error(ErrorKind::input, {"set/x/1.png", "a GIF image", "3 of 7", "`on_bad_sample` skip"}, [&] { load(); });
  const ImageFolder loaded = load({.on_bad_sample = BadSamples::skip});
  EXPECT_EQ(loaded.train.images.paths, (std::vector<std::string>{"x/0.png", "x/2.png", "x/4.png", "y/1.png"}));
  EXPECT_EQ(loaded.train.images.labels, (std::vector<int32_t>{0, 0, 0, 1}));
  for (int i = 0; i < 3; ++i) expect_picture(loaded.train.images, i, 2 * i);
  expect_picture(loaded.train.images, 3, 9);
  ASSERT_EQ(loaded.train.bad.size(), 3u);
  EXPECT_EQ(loaded.train.bad[2].path, "x/6.png");
  EXPECT_NE(loaded.train.bad[2].reason.find("link to nothing"), std::string::npos);
  ASSERT_EQ(notes.size(), 1u);
  for (const char* part : {"3 of 7", "x/1.png: this is a GIF", "x/3.png: the file is empty", "x/6.png"})
    EXPECT_NE(notes[0].find(part), std::string::npos) << notes[0];
  write_bytes(root / "y/1.png", "");
  expect_error(ErrorKind::input, {"every file of the class y is bad"},
               [&] { load({.on_bad_sample = BadSamples::skip}); });
}

TEST_F(Folder, LinksAreFollowedOnce) {
  add("x/1.png", 1);
  fs::create_directories(folder / "elsewhere");
  write_bytes(folder / "elsewhere/2.png", png_picture(6, 8, 2));
  fs::create_directory_symlink(folder / "elsewhere", root / "x/linked");
  fs::create_directory_symlink(root / "x", root / "x/loop");
  fs::create_symlink(folder / "elsewhere/2.png", root / "x/3.png");
  fs::create_directory_symlink(folder / "elsewhere", root / "y");
  EXPECT_EQ(load().train.images.paths, (std::vector<std::string>{"x/1.png", "x/3.png", "x/linked/2.png", "y/2.png"}));
}

TEST_F(Folder, TheCacheIsUsed) {
  for (int i = 0; i < 4; ++i) add("x/" + std::to_string(i) + ".png", i);
  write_bytes(root / "x/2.png", "BM");
  FolderOptions options = cached();
  options.on_bad_sample = BadSamples::skip;
  const ImageFolder first = load(options);
  const std::string bytes = read_bytes(cache_file());
  EXPECT_EQ(bytes.substr(0, 10),
            std::string(first.train.images.images.begin(), first.train.images.images.begin() + 10));
  // The same size and date as before, so that only the cache can know the old content.
  const auto date = fs::last_write_time(root / "x/1.png");
  std::string other = read_bytes(root / "x/1.png");
  other[other.size() - 20] ^= 1;
  write_bytes(root / "x/1.png", other);
  fs::last_write_time(root / "x/1.png", date);
  const ImageFolder again = load(options);
  EXPECT_TRUE(std::ranges::equal(first.train.images.images, again.train.images.images));
  EXPECT_EQ(again.train.images.paths, first.train.images.paths);
  EXPECT_EQ(again.train.facts[2].sum, first.train.facts[2].sum);
  ASSERT_EQ(again.train.bad.size(), 1u);
  EXPECT_NE(again.train.bad[0].reason.find("a BMP image"), std::string::npos);
  EXPECT_EQ(read_bytes(cache_file()), bytes);
  // Another date, and the file is read again.
  fs::last_write_time(root / "x/1.png", date + std::chrono::seconds(2));
  EXPECT_EQ(load(options).train.bad.size(), 2u);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder / "cache"), {}), 1) << "a stale cache is replaced";
  options.on_bad_sample = BadSamples::error;
  expect_error(ErrorKind::input, {"x/1.png"}, [&] { load(options); });
}

TEST_F(Folder, NewAndRemovedFilesAreNoticed) {
  add("x/1.png", 1);
  add("x/2.png", 2);
  EXPECT_EQ(load(cached()).train.images.count, 2);
  add("x/3.png", 3);
  EXPECT_EQ(load(cached()).train.images.count, 3);
  fs::rename(root / "x/1.png", root / "x/4.png");
  expect_picture(load(cached()).train.images, 2, 1);
  fs::remove(root / "x/2.png");
  EXPECT_EQ(load(cached()).train.images.count, 2);
  FolderOptions smaller = cached();
  smaller.img_size = 4;
  EXPECT_EQ(load(smaller).train.images.height, 4);
  EXPECT_EQ(load(cached()).train.images.height, 6);
}

TEST_F(Folder, ADamagedCacheIsMadeAnew) {
  for (int i = 0; i < 3; ++i) add("x/" + std::to_string(i) + ".png", i);
  const std::string bytes = (load(cached()), read_bytes(cache_file()));
  const fs::path path = cache_file();
  const auto expect_remade = [&](const std::string& damaged) {
    write_bytes(path, damaged);
    const ImageFolder loaded = load(cached());
    for (int i = 0; i < 3; ++i) expect_picture(loaded.train.images, i, i);
    EXPECT_EQ(notes.size(), 1u);
    EXPECT_EQ(read_bytes(path), bytes);
  };
  for (size_t i = 0; i < bytes.size(); i += i < 400 ? 37 : 1) {
    std::string damaged = bytes;
    damaged[i] ^= 4;
    SCOPED_TRACE("byte " + std::to_string(i));
    expect_remade(damaged);
  }
  for (size_t size = 0; size < bytes.size(); size += 41) expect_remade(bytes.substr(0, size));
  expect_remade(bytes + "x");
}

TEST_F(Folder, ACacheThatCannotBeWritten) {
  add("x/1.png", 1);
  write_bytes(folder / "cache", "a file");
  expect_error(ErrorKind::io, {"/cache/", "cannot write", "choose"}, [&] { load(cached()); });
  FolderOptions options = cached();
  options.cache_required = false;
  expect_picture(load(options).train.images, 0, 1);
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("not cached"), std::string::npos);
}

TEST_F(Folder, FilesThatCannotBeOpenedAreTriedAgain) {
  add("x/1.png", 1);
  add("x/2.png", 2);
  fs::remove(root / "x/2.png");
  fs::create_symlink(root / "x/absent", root / "x/2.png");
  FolderOptions options = cached();
  options.on_bad_sample = BadSamples::skip;
  EXPECT_EQ(load(options).train.bad.size(), 1u);
  EXPECT_TRUE(fs::is_empty(folder / "cache")) << "not kept";
}

TEST_F(Folder, ImagesWithoutClasses) {
  add("b.png", 1);
  add("a.PNG", 2);
  add("elsewhere/deep/c.png", 3);
  write_bytes(root / "notes.txt", "x");
  write_bytes(root / "unnamed", png_picture(6, 8, 4));
  const std::string below = root.string();
  const FolderSplit split = load_unlabelled_images({root / "unnamed", below + "/"}, 3);
  EXPECT_EQ(split.images.paths, (std::vector<std::string>{below + "/unnamed", below + "/a.PNG", below + "/b.png",
                                                          below + "/elsewhere/deep/c.png"}));
  int index = 0;
  for (const int seed : {4, 2, 1, 3}) expect_picture(split.images, index++, seed);
  EXPECT_EQ(load_unlabelled_images({root}, 3, {.img_size = 4}).images.images.size(), 3u * 4 * 4 * 3);
  expect_error(ErrorKind::io, {"absent.png", "No such file"},
               [&] { load_unlabelled_images({root / "absent.png"}, 3); });
  fs::create_directories(folder / "empty");
  expect_error(ErrorKind::input, {"/empty", "no images"}, [&] { load_unlabelled_images({folder / "empty"}, 3); });
  EXPECT_EQ(find_source(root / "b.png").reader->kind, DataKind::images);
  EXPECT_EQ(find_source(root / "unnamed").reader->kind, DataKind::images) << "by its content";
  EXPECT_EQ(find_source(root / "notes.txt").reader->name, "CIFAR files");
  EXPECT_EQ(find_source(root).reader->kind, DataKind::image_folder) << "a folder in it is a class";
  EXPECT_EQ(find_source(root / "elsewhere/deep").reader->kind, DataKind::images);
  expect_error(ErrorKind::input, {"deep", "without classes"}, [&] { load_images(root / "elsewhere/deep"); });
}

TEST_F(Folder, GrayOfColours) {
  add("a.png", 5, 20, 30);
  const ImageSet gray = load_unlabelled_images({root}, 1).images;
  ASSERT_EQ(gray.channels, 1);
  ASSERT_EQ(gray.images.size(), 600u);
  for (int y = 0; y < 20; ++y)
    for (int x = 0; x < 30; ++x) {
      const double expected =
          0.299 * picture(5, y, x, 0) + 0.587 * picture(5, y, x, 1) + 0.114 * picture(5, y, x, 2);  // ITU-R BT.601
      EXPECT_NEAR(gray.images[y * 30 + x], expected, 0.505);
    }
}

TEST_F(Folder, ImpossibleFolders) {
  expect_error(ErrorKind::io, {"set", "No such file"}, [&] { load(); });
  fs::create_directories(root);
  expect_error(ErrorKind::input, {"set", "no classes"}, [&] { load(); });
  expect_error(ErrorKind::io, {"set", "no data set found", "IDX files", "one folder of images", "or CIFAR files"},
               [&] { load_images(root); });
  write_bytes(root / "x", "a file");
  expect_error(ErrorKind::input, {"set", "no classes"}, [&] { load(); });
  fs::remove(root / "x");
  fs::create_directories(root / "x/deep");
  expect_error(ErrorKind::input, {"set/x", "this class has no images"}, [&] { load(); });
  write_bytes(root / "x/deep/1.webp", "x");
  expect_error(ErrorKind::input, {"set/x", "but other files (1)"}, [&] { load(); });
  add("x/1.png", 1);
  fs::create_directories(root / "bad\nname");
  expect_error(ErrorKind::input, {"control characters", "rename"}, [&] { load(); });
  fs::remove(root / "bad\nname");
  fs::create_directories(root / "val");
  expect_error(ErrorKind::input, {"folder val but no folder train"}, [&] { load(); });
  add("train/x/1.png", 1);
  expect_error(ErrorKind::input, {"/val", "no images"}, [&] { load(); });
  fs::remove(root / "val");
  EXPECT_EQ(load().train.images.count, 1);
  write_bytes(folder / "file", "x");
  expect_error(ErrorKind::input, {"file", "not a folder"}, [&] { load_image_folder(folder / "file"); });
}

TEST_F(Folder, UnreadableFolders) {
  if (geteuid() == 0) GTEST_SKIP() << "permissions do not stop root";
  add("x/1.png", 1);
  add("x/deep/2.png", 2);
  fs::permissions(root / "x/deep", fs::perms::none);
  expect_error(ErrorKind::io, {"x/deep", "cannot read the folder"}, [&] { load(); });
  fs::permissions(root / "x/deep", fs::perms::owner_all);
  fs::permissions(root / "x/1.png", fs::perms::none);
  expect_error(ErrorKind::io, {"x/1.png", "cannot read"}, [&] { load(); });
}

TEST_F(Folder, EqualImagesAreFound) {
  add("train/x/1.png", 1, 20, 20);
  add("train/x/2.png", 2, 20, 20);
  add("train/y/3.png", 1, 20, 20);
  add("train/y/4.png", 1, 10, 40);
  add("test/x/5.png", 2, 20, 20);
  add("test/x/6.png", 7, 20, 20);
  const ImageFolder loaded = load({.img_size = 8});
  const auto groups =
      equal_images({{&loaded.train.images, &loaded.train.facts}, {&loaded.test->images, &loaded.test->facts}});
  ASSERT_EQ(groups.size(), 2u);
  const auto text = [](const std::vector<ImageReference>& group) {
    std::string all;
    for (const ImageReference& image : group)
      all += std::to_string(image.set) + ":" + std::to_string(image.image) + " ";
    return all;
  };
  EXPECT_EQ(text(groups[0]), "0:0 0:2 ");
  EXPECT_EQ(text(groups[1]), "0:1 1:0 ");
  EXPECT_EQ(spread({5, 1, 9, 2}), (std::array<uint32_t, 3>{1, 2, 9}));
}

TEST_F(Folder, ContactSheet) {
  for (int i = 0; i < 12; ++i) add("x/" + std::to_string(i) + ".png", i, 64, 64);
  add("\xc3\xa4 long name of a class/1.png", 20, 64, 64);
  write_contact_sheet(folder / "sheet.png", load().train.images);
  const RgbImage sheet = read_image(folder / "sheet.png");
  EXPECT_EQ(sheet.width, 10 * 66);
  EXPECT_EQ(sheet.height, 2 * 86);
  for (int c = 0; c < 3; ++c)  // the second image of the first class: below its title, right of the first image
    EXPECT_EQ(sheet.bytes()[(20 * 660 + 66) * 3 + c], picture(1, 0, 0, c));
  const auto dark = [&](int top) {
    int count = 0;
    for (int y = top; y < top + 18; ++y)
      for (int x = 0; x < 660; ++x) count += sheet.bytes()[(y * 660 + x) * 3] == 0;
    return count;
  };
  EXPECT_GT(dark(0), 20) << "the title";
  EXPECT_GT(dark(86), dark(0)) << "a longer one";
}

}  // namespace
}  // namespace cucurbit::test
