// samples/ of a run folder: what the network saw, and what it mistook.
#include <array>
#include <set>
#include <sstream>

#include "data_cli_fixture.h"
#include "engine/data/image_file.h"

namespace cucurbit::test {
namespace {

using nlohmann::json;
using Colour = std::array<uint8_t, 3>;

class SamplesCliTest : public DataCliTest {
 protected:
  static constexpr int kSide = 80, kWide = 82;  // of an image in a picture, and of its place

  /// A file of 16 x 16 pixels whose halves have these colours.
  void add_halves(const std::string& path, const Colour& left, const Colour& right) {
    std::string rows;
    for (int y = 0; y < 16; ++y) {
      rows.push_back('\0');
      for (int x = 0; x < 16; ++x) rows.append(reinterpret_cast<const char*>((x < 8 ? left : right).data()), 3);
    }
    fs::create_directories((own_ / path).parent_path());
    write_bytes(own_ / path, png({.width = 16, .height = 16}, rows));
  }
  static Colour colour(int number) { return {uint8_t(10 * number), uint8_t(255 - 9 * number), uint8_t(7 * number)}; }

  fs::path train(const std::string& more) {
    const Outcome outcome = run("train " + own_.string() + " --model mlp:16 --batch-size 12 -q --json --output " +
                                    (folder_ / "runs").string() + more,
                                false);
    EXPECT_EQ(outcome.code, 0) << outcome.text;
    return fs::path(json::parse(outcome.text)["weights"].get<std::string>()).parent_path().parent_path();
  }

  /// The pixel at (y, x) of the picture's image number `index`, of those below each other `tall` apart.
  static Colour pixel(const RgbImage& sheet, int index, int tall, int y, int x) {
    const int64_t at = (index / 8 * tall + y) * sheet.width + index % 8 * kWide + x;
    return {sheet.bytes()[size_t(3 * at)], sheet.bytes()[size_t(3 * at + 1)], sheet.bytes()[size_t(3 * at + 2)]};
  }

  fs::path own_ = folder_ / "own";
};

TEST_F(SamplesCliTest, TheFirstBatchIsShownAsAugmented) {
  for (int i = 0; i < 24; ++i)
    add_halves(std::string("train/") + (i % 2 ? "cat/" : "dog/") + std::to_string(i) + ".png", colour(i), {0, 0, 0});
  const std::string options = " --epochs 1 --hflip --val-size 0";
  const fs::path folder = train(options);
  const std::string bytes = read_bytes(folder / "samples/first-batch.png");
  const RgbImage sheet = read_image(folder / "samples/first-batch.png");
  EXPECT_EQ(sheet.width, 8 * kWide);
  const int tall = int(sheet.height) / 2;
  std::set<Colour> seen;
  int mirrored = 0;
  for (int i = 0; i < 12; ++i) {
    const Colour left = pixel(sheet, i, tall, 40, 10), right = pixel(sheet, i, tall, 40, 70);
    const Colour other = left == Colour{0, 0, 0} ? right : left;
    mirrored += left == Colour{0, 0, 0};
    EXPECT_EQ(left == other ? right : left, (Colour{0, 0, 0}));
    bool known = false;
    for (int k = 0; k < 24; ++k) known = known || other == colour(k);
    EXPECT_TRUE(known) << "image " << i << ": " << int(other[0]) << " " << int(other[1]) << " " << int(other[2]);
    seen.insert(other);
    int ink = 0;
    for (int y = kSide; y < tall; ++y)
      for (int x = 0; x < kSide; ++x) ink += pixel(sheet, i, tall, y, x) == Colour{0, 0, 0};
    EXPECT_GT(ink, 10) << "the class of image " << i;
  }
  EXPECT_EQ(seen.size(), 12u) << "twelve different images";
  EXPECT_GT(mirrored, 0);
  EXPECT_LT(mirrored, 12);
  EXPECT_FALSE(fs::exists(folder / "samples/mistakes.csv")) << "without validation";
  EXPECT_EQ(read_bytes(train(options + " --data-residency stream") / "samples/first-batch.png"), bytes);
  EXPECT_NE(read_bytes(train(options + " --seed 1") / "samples/first-batch.png"), bytes);
  fs::remove_all(folder / "samples");
  const Outcome resumed = run("train --resume " + folder.string() + " --epochs 2");
  EXPECT_EQ(resumed.code, 0) << resumed.text;
  EXPECT_EQ(read_bytes(folder / "samples/first-batch.png"), bytes) << "the run's first, not the rest's";
}

TEST_F(SamplesCliTest, MixedImagesNameBothClasses) {
  for (int i = 0; i < 12; ++i)
    add_halves(std::string("train/") + (i % 2 ? "cat/" : "dog/") + std::to_string(i) + ".png", colour(i), colour(i));
  const fs::path plain = train(" --epochs 1 --val-size 0"), mixed = train(" --epochs 1 --val-size 0 --mixup 1");
  const RgbImage one = read_image(plain / "samples/first-batch.png"),
                 two = read_image(mixed / "samples/first-batch.png");
  EXPECT_EQ(two.height - one.height, 2 * 11) << "another line below each row";
}

TEST_F(SamplesCliTest, TheSurestMistakesAreShown) {
  for (int i = 0; i < 24; ++i) {  // cats are dark, dogs bright; in val the names are exchanged, but for one
    const Colour shade{uint8_t(i % 2 ? 5 * i : 255 - 5 * i), 60, 200};
    add_halves(std::string("train/") + (i % 2 ? "cat/" : "dog/") + std::to_string(i) + ".png", shade, shade);
    if (i < 12)
      add_halves(std::string("val/") + (i % 2 && i != 5 ? "dog/" : "cat/") + std::to_string(i) + ".png", shade, shade);
  }
  const fs::path folder = train(" --epochs 40 --lr 0.1");
  std::istringstream csv(read_bytes(folder / "samples/mistakes.csv"));
  std::string line;
  std::getline(csv, line);
  EXPECT_EQ(line, "position,sample,true,predicted,probability");
  const RgbImage sheet = read_image(folder / "samples/mistakes.png");
  const int tall = int(sheet.height) / 2;
  double before = 1;
  int count = 0;
  for (; std::getline(csv, line); ++count) {
    std::istringstream fields(line);
    std::string position, sample, is, seems, probability;
    for (std::string* field : {&position, &sample, &is, &seems, &probability}) std::getline(fields, *field, ',');
    EXPECT_EQ(position, std::to_string(count + 1));
    EXPECT_EQ(sample.substr(4, 3), is) << line;
    EXPECT_NE(is, seems);
    EXPECT_LE(std::stod(probability), before);
    before = std::stod(probability);
    const RgbImage file = read_image(own_ / sample);
    EXPECT_EQ(pixel(sheet, count, tall, 40, 40), (Colour{file.bytes()[0], file.bytes()[1], file.bytes()[2]})) << sample;
  }
  EXPECT_EQ(count, 11) << "all but val/cat/5.png";
  const std::string report = read_bytes(folder / "report.html");
  for (const char* name : {"first-batch.png", "mistakes.png"}) {
    const std::string png = read_bytes(folder / "samples" / name);
    bool embedded = false;
    const std::string mark = "src=\"data:image/png;base64,";
    for (size_t at = report.find(mark); at != std::string::npos; at = report.find(mark, at + 1)) {
      const size_t begin = at + mark.size();
      embedded = embedded || from_base64(report.substr(begin, report.find('"', begin) - begin)) == png;
    }
    EXPECT_TRUE(embedded) << name;
  }
}

}  // namespace
}  // namespace cucurbit::test
