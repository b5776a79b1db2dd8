// predict on labelled sets and on images without classes.
#include <map>
#include <sstream>

#include "data_cli_fixture.h"
#include "support/small_data.h"

namespace cucurbit::test {
namespace {

using nlohmann::json;

class PredictCliTest : public DataCliTest {
 protected:
  /// "class,probability" by path, of the CSV that predict prints.
  static std::map<std::string, std::string> rows_of(const std::string& csv) {
    std::istringstream lines(csv);
    std::string line;
    std::getline(lines, line);
    EXPECT_EQ(line, "path,class,probability");
    std::map<std::string, std::string> rows;
    while (std::getline(lines, line)) rows[line.substr(0, line.find(','))] = line.substr(line.find(',') + 1);
    return rows;
  }

  std::string predict(const std::string& arguments) {
    const Outcome outcome = run("predict " + arguments, false);
    EXPECT_EQ(outcome.code, 0) << outcome.text;
    return outcome.text;
  }
};

TEST_F(PredictCliTest, FilesAndFoldersAnswerAsTheSetDoes) {
  const std::string weights = trained(" --img-size 12");
  const auto labelled = rows_of(predict(weights + " " + set_.string()));
  ASSERT_EQ(labelled.size(), 24u);
  const std::string cat = (set_ / "test/cat").string(), dog = (set_ / "test/dog/0.png").string();
  auto rows = rows_of(predict(weights + " " + dog));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[dog], labelled.at("test/dog/0.png"));
  rows = rows_of(predict(weights + " " + cat));
  ASSERT_EQ(rows.size(), 12u);
  for (const auto& [path, row] : rows) EXPECT_EQ(row, labelled.at(fs::relative(path, set_).string())) << path;
  const std::string mixed = predict(weights + " " + dog + " " + cat + "/ " + cat + "/1.png");
  EXPECT_EQ(std::count(mixed.begin(), mixed.end(), '\n'), 15) << mixed;
  EXPECT_EQ(mixed.find("\n" + dog + ","), mixed.find('\n')) << "in the order named: " << mixed;
  EXPECT_EQ(rows_of(mixed).at(cat + "/1.png"), labelled.at("test/cat/1.png"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "cache/cucurbit"), {}), 2) << "of the set alone";
}

TEST_F(PredictCliTest, JsonAndLogits) {
  const std::string weights = trained(), npy = (folder_ / "l,ogits.npy").string();
  fs::rename(set_ / "test/cat/1.png", set_ / "test/cat/\xff.png");  // no UTF-8
  const json labelled = json::parse(predict(weights + " " + set_.string() + " --json"));
  const json evaluated = json::parse(run("eval " + weights + " " + set_.string() + " --json", false).text);
  EXPECT_EQ(labelled["samples"], 24);
  EXPECT_EQ(labelled["model"], "mlp:8");
  EXPECT_NEAR(labelled["accuracy"].get<double>(), evaluated["top1"].get<double>(), 1e-12);
  ASSERT_EQ(labelled["predictions"].size(), 24u);
  EXPECT_EQ(labelled["predictions"][11]["path"], "test/cat/\xef\xbf\xbd.png");
  const std::string cats = (set_ / "test/cat").string();
  const json images = json::parse(predict(weights + " " + cats + " --json --logits '" + npy + "'"));
  EXPECT_FALSE(images.contains("accuracy"));
  for (size_t i = 0; i < 12; ++i) {
    EXPECT_EQ(images["predictions"][i]["class"], labelled["predictions"][i]["class"]);
    EXPECT_EQ(images["predictions"][i]["probability"], labelled["predictions"][i]["probability"]);
  }
  EXPECT_NE(read_bytes(npy).find("'shape': (12, 2)"), std::string::npos);
  const Outcome both = run("predict " + weights + " " + set_.string());
  char accuracy[64];
  std::snprintf(accuracy, sizeof accuracy, "%d errors of 24 images", evaluated["errors"].get<int>());
  EXPECT_NE(both.text.find(accuracy), std::string::npos) << both.text;
  EXPECT_EQ(run("predict " + weights + " " + cats).text.find("errors of"), std::string::npos);
}

TEST_F(PredictCliTest, UnreadableImagesAreRefusedOrSkipped) {
  const std::string weights = trained(), flat = (set_ / "test/cat").string();
  write_bytes(set_ / "test/cat/1.png", "GIF89a");
  write_bytes(set_ / "test/cat/notes.txt", "");
  expect_refused("predict " + weights + " " + flat, 3,
                 {"cat/1.png: this is a GIF image", "1 of 12 files are bad", "--on-bad-sample skip"});
  const Outcome skipped = run("predict " + weights + " " + flat + " --on-bad-sample skip");
  EXPECT_EQ(skipped.code, 0) << skipped.text;
  EXPECT_NE(skipped.text.find("1 of 12 files are skipped:\n  " + flat + "/1.png: this is a GIF"), std::string::npos)
      << skipped.text;
  EXPECT_NE(skipped.text.find("cat/notes.txt"), std::string::npos) << skipped.text;
  EXPECT_NE(skipped.text.find("/3.png,"), std::string::npos) << skipped.text;
  const Outcome one = run("predict " + weights + " " + flat + "/1.png");
  EXPECT_EQ(one.code, 3);
  EXPECT_NE(one.text.find("cat/1.png: this is a GIF image"), std::string::npos) << one.text;
  EXPECT_EQ(one.text.find("of 1 files"), std::string::npos) << one.text;
  expect_refused("predict " + weights + " " + flat + "/1.png --on-bad-sample skip", 3, {"none of the 1 images"});
}

TEST_F(PredictCliTest, WhatIsNoImageIsNamed) {
  const std::string weights = trained(), dog = (set_ / "test/dog/0.png").string();
  expect_refused("predict " + weights + " " + dog + " " + (set_ / "absent.png").string(), 6, {"absent.png", "no such"});
  fs::create_directories(folder_ / "empty");
  expect_refused("predict " + weights + " " + (folder_ / "empty").string(), 6, {"empty", "no data set found"});
  expect_refused("predict " + weights + " " + dog + " " + set_.string(), 2, {set_.c_str(), "must be the only one"});
  expect_refused("predict " + dog + " --pretrained-path x.safetensors --model resnet8", 2, {"0.png", "classes"});
  expect_refused("train " + (set_ / "test/cat").string(), 3, {"test/cat", "without classes", "cucurbit predict"});
  expect_refused("eval " + weights + " " + dog, 3, {"0.png", "without classes", "cucurbit predict"});
}

TEST_F(PredictCliTest, ANetworkOfGrayImagesTakesColourFiles) {
  const ImageSet digits = easy_images(200, 16, 4, 1);
  const std::string data = (folder_ / "digits").string();
  write_idx_folder(data, digits);
  const Outcome outcome =
      run("train " + data + " --model mlp:8 --epochs 1 -q --json --output " + (folder_ / "runs").string(), false);
  const std::string weights = json::parse(outcome.text)["weights"];
  const json want = json::parse(predict(weights + " " + data + " --json"));
  std::string files;
  for (int color : {0, 2}) {  // as a gray file, and as one of three equal channels
    std::string rows;
    for (size_t p = 0; p < 256; ++p) {
      if (p % 16 == 0) rows.push_back('\0');
      rows.append(color == 0 ? 1 : 3, char(digits.images[7 * 256 + p]));
    }
    const fs::path file = folder_ / ("7-" + std::to_string(color) + ".png");
    write_bytes(file, png({.width = 16, .height = 16, .color = color}, rows));
    files += " " + file.string();
  }
  const json got = json::parse(predict(weights + files + " --json"));
  for (int i : {0, 1}) {
    EXPECT_EQ(got["predictions"][i]["class"], want["predictions"][7]["class"]);
    EXPECT_EQ(got["predictions"][i]["probability"], want["predictions"][7]["probability"]);
  }
}

}  // namespace
}  // namespace cucurbit::test
