// Data sets as a user names them: image folders, published sets, and how inspect describes them.
#include "data_cli_fixture.h"
#include "support/packed.h"
#include "support/small_data.h"

namespace cucurbit::test {
namespace {

TEST_F(DataCliTest, AnImageFolderFromTrainingToPrediction) {
  const std::string weights = trained(" --img-size 12");
  const auto result = nlohmann::json::parse(run("eval " + weights + " " + set_.string() + " --json", false).text);
  EXPECT_EQ(result["samples"], 24) << "images are brought to the size of the network";
  const Outcome predicted = run("predict " + weights + " " + set_.string(), false);
  EXPECT_EQ(predicted.text.find("path,class,probability\ntest/cat/1.png,"), 0u) << predicted.text;
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "cache/cucurbit"), {}), 2) << "of train and test";
  expect_refused("eval " + weights + " " + set_.string() + " --split val", 3, {"no folder val"});
  fs::rename(set_ / "test", set_ / "val");
  EXPECT_EQ(nlohmann::json::parse(run("eval " + weights + " " + set_.string() + " --split val --json", false).text),
            result);
}

TEST_F(DataCliTest, ClassesAreShownAtTheStart) {
  fs::remove(set_ / "train/cat/1.png");
  const Outcome outcome = run("train " + set_.string() + " --model mlp:4 --fast-dev-run --batch-size 8 --output " +
                              (folder_ / "runs").string());
  EXPECT_EQ(outcome.code, 0) << outcome.text;
  EXPECT_NE(outcome.text.find("classes: cat 11, dog 12\n"), std::string::npos) << outcome.text;
}

TEST_F(DataCliTest, OtherClassesAreRefusedByBothLists) {
  const std::string weights = trained();
  for (const char* split : {"train", "test"}) fs::rename(set_ / split / "cat", set_ / split / "cow");
  expect_refused("eval " + weights + " " + set_.string(), 3, {"cow,dog", "cat,dog", "they must be the same"});
  expect_refused("predict " + weights + " " + set_.string(), 3, {"cow,dog", "cat,dog"});
  expect_refused("distill " + set_.string() + " --teacher " + weights, 3, {"cow,dog", "cat,dog"});
}

TEST_F(DataCliTest, BadFilesAreRefusedOrSkipped) {
  write_bytes(set_ / "train/cat/1.png", "GIF89a");
  const std::string train =
      "train " + set_.string() + " --model mlp:4 --fast-dev-run --batch-size 8 --output " + (folder_ / "runs").string();
  expect_refused(train, 3, {"train/cat/1.png: this is a GIF image", "1 of 24", "--on-bad-sample skip"});
  const Outcome skipped = run(train + " --on-bad-sample skip");
  EXPECT_EQ(skipped.code, 0) << skipped.text;
  EXPECT_NE(skipped.text.find("1 of 24 files are skipped:\n  train/cat/1.png: this is a GIF"), std::string::npos);
  EXPECT_NE(skipped.text.find("classes: cat 11, dog 12\n"), std::string::npos) << skipped.text;
  expect_refused(train + " --on-bad-sample drop", 2, {"drop"});
}

TEST_F(DataCliTest, InspectDescribesAnImageFolder) {
  add("train/cat/30.png", 0, 10, 40);
  add("train/cat/31.png", 0);
  write_bytes(set_ / "test/dog/99.png", "");
  write_bytes(set_ / "test/dog/notes.txt", "");
  const auto report = inspect(set_.string() + " --contact-sheet " + (folder_ / "sheet.png").string());
  EXPECT_EQ(report["train"]["class_counts"], nlohmann::json({14, 12}));
  EXPECT_EQ(report["train"]["balance"]["largest"]["class"], "cat");
  EXPECT_EQ(report["train"]["sizes"]["height"], nlohmann::json({{"min", 10}, {"median", 16}, {"max", 16}}));
  EXPECT_EQ(report["train"]["sizes"]["width"]["max"], 40);
  EXPECT_EQ(report["test"]["bad_files"].size(), 1u);
  EXPECT_EQ(report["test"]["bad_files"][0], "test/dog/99.png: the file is empty: copy it again or remove it");
  EXPECT_EQ(report["ignored_files"], 1);
  EXPECT_EQ(report["duplicates"]["groups"], 1);
  EXPECT_EQ(report["duplicates"]["groups_of_several_classes"], 1);
  EXPECT_EQ(report["duplicates"]["groups_across_splits"], 0);
  EXPECT_EQ(report["duplicates"]["examples"][0], "train/cat/31.png (cat) = train/dog/0.png (dog)");
  EXPECT_GT(fs::file_size(folder_ / "sheet.png"), 1000u);
  EXPECT_EQ(report["train"]["shape"], nlohmann::json({64, 64, 3}));
  const Outcome text = run("inspect " + set_.string());
  EXPECT_NE(text.text.find("  test/dog/99.png: the file is empty"), std::string::npos) << text.text;
}

TEST_F(DataCliTest, InspectFindsImagesOfTrainInTest) {
  write_idx_folder(folder_ / "idx", easy_images(30, 8, 3, 1));  // one set for both
  const auto report = inspect((folder_ / "idx").string());
  EXPECT_EQ(report["duplicates"]["groups_across_splits"], 30);
  EXPECT_EQ(report["duplicates"]["groups_of_several_classes"], 0);
}

TEST_F(DataCliTest, PublishedSetsByName) {
  expect_refused(
      "inspect cifar10", 6,
      {"cifar10", (folder_ / "sets").c_str(), "cifar-10-binary.tar.gz", "CUCURBIT_DATA_DIR", "/usr/share/datasets"});
  expect_refused("train usps", 6, {"usps", "folder usps"});
  expect_refused("inspect mnits", 6, {"mnits", "no such file", "mnist, fashion-mnist, usps, cifar10, cifar100"});
  write_idx_folder(folder_ / "sets/usps", easy_images(30, 16, 3, 1));
  EXPECT_EQ(inspect("usps")["train"]["images"], 30);
  std::vector<std::pair<std::string, std::string>> files;
  for (int i = 1; i <= 5; ++i)
    files.emplace_back("cifar-10-batches-bin/data_batch_" + std::to_string(i) + ".bin", std::string(3073, char(i)));
  write_bytes(folder_ / "sets/cifar-10-binary.tar.gz", gzip(tar(files)));
  EXPECT_EQ(inspect("cifar10")["train"]["classes"][5], "dog");
  EXPECT_EQ(inspect("cifar10 --img-size 8")["train"]["shape"], nlohmann::json({8, 8, 3}));
}

TEST_F(DataCliTest, FashionMnistHasItsNames) {
  const fs::path set = folder_ / "sets/fashion-mnist";
  write_idx_folder(set, easy_images(30, 16, 3, 1));
  const auto classes = inspect("fashion-mnist")["train"]["classes"];
  ASSERT_EQ(classes.size(), 10u) << "also those without images";
  EXPECT_EQ(classes[0], "T-shirt/top");
  EXPECT_EQ(classes[9], "Ankle boot");
  EXPECT_EQ(inspect(set.string() + "/")["test"]["classes"], classes) << "by its path too";
  write_idx_folder(set, easy_images(60, 16, 11, 1));
  expect_refused("inspect fashion-mnist", 3, {"label 10", "there are 10 classes"});
}

TEST_F(DataCliTest, AnArchiveIsUnpackedOnce) {
  std::vector<std::pair<std::string, std::string>> files;
  for (int i = 1; i <= 5; ++i)
    files.emplace_back("data_batch_" + std::to_string(i) + ".bin", std::string(3073, char(i)));
  const fs::path archive = folder_ / "sets/cifar-10-binary.tar.xz";
  fs::create_directories(archive.parent_path());
  write_bytes(archive, xz(tar(files)));
  const auto first = inspect("cifar10");
  ASSERT_EQ(std::distance(fs::directory_iterator(folder_ / "cache/cucurbit"), {}), 1);
  // The same size and date as before, so that only the cache can know the old content.
  const auto date = fs::last_write_time(archive);
  write_bytes(archive, std::string(fs::file_size(archive), 'x'));
  fs::last_write_time(archive, date);
  EXPECT_EQ(inspect("cifar10"), first);
  expect_refused("inspect cifar10 --cache-dir none", 3, {"cifar-10-binary.tar.xz"});
}

TEST_F(DataCliTest, TheCacheCanBeElsewhereOrAbsent) {
  inspect(set_.string() + " --cache-dir none");
  EXPECT_FALSE(fs::exists(folder_ / "cache"));
  inspect(set_.string() + " --cache-dir " + (folder_ / "other").string());
  EXPECT_FALSE(fs::is_empty(folder_ / "other"));
  write_bytes(folder_ / "file", "");
  expect_refused("inspect " + set_.string() + " --cache-dir " + (folder_ / "file").string(), 6,
                 {"file", "cannot write"});
}

}  // namespace
}  // namespace cucurbit::test
