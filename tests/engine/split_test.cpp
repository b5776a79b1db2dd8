#include "engine/data/split.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "support/expect_error.h"

namespace cucurbit::test {
namespace {

/// Images of one pixel, its value the index; of class c there are counts[c], the classes in turn.
ImageSet numbered(std::vector<int64_t> counts) {
  ImageSet set{.name = "numbered", .height = 1, .width = 1, .channels = 1};
  std::vector<uint8_t> images;
  for (size_t c = 0; c < counts.size(); ++c) set.class_names.push_back(std::to_string(c));
  for (bool more = true; more;) {
    more = false;
    for (size_t c = 0; c < counts.size(); ++c) {
      if (counts[c] == 0) continue;
      --counts[c];
      more = true;
      set.labels.push_back(int32_t(c));
      set.paths.push_back("file" + std::to_string(images.size()));
      images.push_back(uint8_t(images.size()));
    }
  }
  set.count = int64_t(images.size());
  set.own(std::move(images));
  return set;
}

TEST(Split, KeepsTheSharesOfTheClasses) {
  const ImageSet set = numbered({100, 50, 10, 0, 1});
  const ImageSplits split = split_validation({.train = set}, 16, 7);
  ASSERT_TRUE(split.validation);
  EXPECT_EQ(class_counts(*split.validation), (std::vector<int64_t>{10, 5, 1, 0, 0}));
  EXPECT_EQ(class_counts(split.train), (std::vector<int64_t>{90, 45, 9, 0, 1}));
  EXPECT_EQ(split.train.class_names, set.class_names);
  std::set<int> seen;
  for (const ImageSet* part : {&split.train, &*split.validation}) {
    EXPECT_TRUE(std::is_sorted(part->images.begin(), part->images.end()));
    for (int64_t i = 0; i < part->count; ++i) {
      const int index = part->images[i];
      EXPECT_TRUE(seen.insert(index).second) << "twice: " << index;
      EXPECT_EQ(part->labels[i], set.labels[index]);
      EXPECT_EQ(part->paths[i], set.paths[index]);
    }
  }
  EXPECT_EQ(seen.size(), 161u);
}

TEST(Split, TheLargestRemaindersGetWhatIsLeft) {
  // 4 of 15: shares 1.87, 1.33 and 0.8.
  EXPECT_EQ(class_counts(*split_validation({.train = numbered({7, 5, 3})}, 4, 0).validation),
            (std::vector<int64_t>{2, 1, 1}));
}

TEST(Split, TheSeedChooses) {
  const ImageSet set = numbered({100, 100});
  const auto validation = [&](uint64_t seed) { return *split_validation({.train = set}, 20, seed).validation; };
  EXPECT_TRUE(std::ranges::equal(validation(3).images, validation(3).images));
  EXPECT_FALSE(std::ranges::equal(validation(3).images, validation(4).images));
}

TEST(Split, EveryClassKeepsAnImage) {
  const ImageSplits splits{.train = numbered({1, 1, 8})};
  EXPECT_EQ(class_counts(split_validation(splits, 7, 0).train), (std::vector<int64_t>{1, 1, 1}));
  expect_error(ErrorKind::usage, {"8 validation images of 10", "at most 7", "lower `val_size`"},
               [&] { split_validation(splits, 8, 0); });
  expect_error(ErrorKind::usage, {"-1 validation images"}, [&] { split_validation(splits, -1, 0); });
}

TEST(Split, WithoutValidationNothingIsCopied) {
  const ImageSplits splits{.train = numbered({5, 5}), .test = numbered({2, 2})};
  const ImageSplits split = split_validation(splits, 0, 0);
  EXPECT_EQ(split.train.images.data(), splits.train.images.data());
  EXPECT_FALSE(split.validation);
  ASSERT_TRUE(split.test);
  EXPECT_EQ(split.test->count, 4);
}

TEST(Split, TheTestSetStays) {
  const ImageSplits split = split_validation({.train = numbered({5, 5}), .test = numbered({2, 2})}, 4, 0);
  ASSERT_TRUE(split.test);
  EXPECT_EQ(split.test->count, 4);
  EXPECT_EQ(split.train.count, 6);
}

TEST(Split, AValidationSetOfTheDataStays) {
  const ImageSplits split = split_validation({.train = numbered({5, 5}), .validation = numbered({1, 2})}, 4, 0);
  EXPECT_EQ(split.train.count, 10);
  EXPECT_EQ(split.validation->count, 3);
}

TEST(Split, EachOneThereIsInOrder) {
  std::string order;
  const auto note = [&](const char* name, int value) { order += name + std::to_string(value) + ' '; };
  for_each_split(Splits<int>{.train = 1, .validation = 2, .test = 3}, note);
  for_each_split(Splits<int>{.train = 4, .test = 5}, note);
  EXPECT_EQ(order, "train1 val2 test3 train4 test5 ");
  const Splits<std::string> made =
      map_splits(Splits<int>{.train = 1, .test = 3}, [](int i) { return std::to_string(i); });
  EXPECT_EQ(made.train, "1");
  EXPECT_FALSE(made.validation);
  EXPECT_EQ(made.test, "3");
}

}  // namespace
}  // namespace cucurbit::test
