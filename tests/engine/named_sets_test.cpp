// Data sets by name, and the table of readers.
#include "engine/data/named_sets.h"

#include <gtest/gtest.h>

#include <set>

#include "engine/data/load.h"
#include "support/temporary_folder.h"

namespace cucurbit::test {
namespace {

namespace fs = std::filesystem;

TEST(NamedSets, AreLookedForInTheOrderOfTheFolders) {
  const TemporaryFolder folder;
  const std::vector<fs::path> search{folder / "a", folder / "b"};
  fs::create_directories(folder / "b/cifar-10-batches-bin");
  EXPECT_EQ(find_data("cifar10", search, "add a folder"), folder / "b/cifar-10-batches-bin");
  fs::create_directories(folder / "a");
  write_bytes(folder / "a/cifar-10-binary.tar.gz", "");
  EXPECT_EQ(find_data("cifar10", search, "add a folder"), folder / "a/cifar-10-binary.tar.gz");
  expect_error(
      ErrorKind::io,
      {"usps", (folder / "a").string() + ", " + (folder / "b").string(), "looked for usps", "add a folder, or"},
      [&] { find_data("usps", search, "add a folder"); });
}

TEST(NamedSets, APathThatExistsComesFirst) {
  const TemporaryFolder folder;
  EXPECT_EQ(find_data(folder.path().string(), {}, ""), folder.path());
  expect_error(ErrorKind::io, {"mnits", "no such file or folder", "mnist, fashion-mnist, usps"},
               [] { find_data("mnits", {}, ""); });
}

TEST(NamedSets, ClassNamesFollowTheNameOfTheFolder) {
  for (const char* data : {"fashion-mnist", "/somewhere/fashion-mnist", "/somewhere/fashion-mnist/"}) {
    ASSERT_EQ(class_names_of(data).size(), 10u) << data;
    EXPECT_EQ(class_names_of(data)[9], "Ankle boot");
  }
  EXPECT_TRUE(class_names_of("mnist").empty());
  EXPECT_TRUE(class_names_of("/fashion-mnist/other").empty());
}

TEST(NamedSets, EachNameStandsForOneSet) {
  std::set<std::string_view> names;
  for (const NamedSet& set : named_sets()) {
    EXPECT_TRUE(names.insert(set.name).second) << set.name;
    ASSERT_FALSE(set.places.empty()) << set.name;
    EXPECT_EQ(set.places[0], set.name) << "a folder of its name";
    EXPECT_FALSE(set.remedy.empty()) << set.name;
  }
}

TEST(DataReaders, EachFormatIsRecognisedByItself) {
  const TemporaryFolder folder;
  const std::pair<const char*, const char*> files[] = {{"idx/train-labels-idx1-ubyte.gz", "IDX files"},
                                                       {"batches/data_batch_2.bin", "CIFAR files"},
                                                       {"published/cifar-10-binary.tar.xz", "CIFAR files"},
                                                       {"classes/cat/1.png", "image folder"},
                                                       {"flat/1.png", "images"}};
  for (const auto& [file, name] : files) {
    fs::create_directories((folder / file).parent_path());
    write_bytes(folder / file, "");
    const fs::path set = folder / fs::path(file).begin()->string();
    EXPECT_EQ(find_source(set).reader->name, name) << file;
  }
  EXPECT_EQ(find_source(folder / "published").path, folder / "published/cifar-10-binary.tar.xz");
  write_bytes(folder / "classes/train.bin", "");
  EXPECT_EQ(find_source(folder / "classes").reader->name, "CIFAR files") << "files of arrays come before image files";
  write_bytes(folder / "idx/test.bin", "");
  expect_error(ErrorKind::input, {"several data sets, CIFAR files and IDX files"},
               [&] { find_source(folder / "idx"); });
}

}  // namespace
}  // namespace cucurbit::test
