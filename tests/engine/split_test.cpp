#include "engine/data/split.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "support/temporary_folder.h"

namespace cucurbit::test {
namespace {

/// Images of one pixel, its value the index; of class c there are counts[c], the classes in turn.
ImageSet numbered(std::vector<std::int64_t> counts) {
  ImageSet set{.name = "numbered", .height = 1, .width = 1, .channels = 1};
  std::vector<std::uint8_t> images;
  for (std::size_t c = 0; c < counts.size(); ++c) set.class_names.push_back(std::to_string(c));
  for (bool more = true; more;) {
    more = false;
    for (std::size_t c = 0; c < counts.size(); ++c) {
      if (counts[c] == 0) continue;
      --counts[c];
      more = true;
      set.labels.push_back(std::int32_t(c));
      set.paths.push_back("file" + std::to_string(images.size()));
      images.push_back(static_cast<std::uint8_t>(images.size()));
    }
  }
  set.count = std::int64_t(images.size());
  set.own(std::move(images));
  return set;
}

TEST(Split, KeepsTheSharesOfTheClasses) {
  const ImageSet set = numbered({100, 50, 10, 0, 1});
  const TrainValidation split = split_validation(set, 16, 7);
  EXPECT_EQ(class_counts(split.validation), (std::vector<std::int64_t>{10, 5, 1, 0, 0}));
  EXPECT_EQ(class_counts(split.train), (std::vector<std::int64_t>{90, 45, 9, 0, 1}));
  EXPECT_EQ(split.train.class_names, set.class_names);
  std::set<int> seen;
  for (const ImageSet* part : {&split.train, &split.validation}) {
    EXPECT_TRUE(std::is_sorted(part->images.begin(), part->images.end()));
    for (std::int64_t i = 0; i < part->count; ++i) {
      const int index = part->images[std::size_t(i)];
      EXPECT_TRUE(seen.insert(index).second) << "twice: " << index;
      EXPECT_EQ(part->labels[std::size_t(i)], set.labels[std::size_t(index)]);
      EXPECT_EQ(part->paths[std::size_t(i)], set.paths[std::size_t(index)]);
    }
  }
  EXPECT_EQ(seen.size(), 161u);
}

TEST(Split, TheLargestRemaindersGetWhatIsLeft) {
  // 4 of 15: shares 1.87, 1.33 and 0.8.
  EXPECT_EQ(class_counts(split_validation(numbered({7, 5, 3}), 4, 0).validation), (std::vector<std::int64_t>{2, 1, 1}));
}

TEST(Split, TheSeedChooses) {
  const ImageSet set = numbered({100, 100});
  const TrainValidation a = split_validation(set, 20, 3), b = split_validation(set, 20, 3),
                        c = split_validation(set, 20, 4);
  EXPECT_TRUE(std::ranges::equal(a.validation.images, b.validation.images));
  EXPECT_FALSE(std::ranges::equal(a.validation.images, c.validation.images));
}

TEST(Split, EveryClassKeepsAnImage) {
  const ImageSet set = numbered({1, 1, 8});
  EXPECT_EQ(class_counts(split_validation(set, 7, 0).train), (std::vector<std::int64_t>{1, 1, 1}));
  expect_error(ErrorKind::usage, {"8 validation images of 10", "at most 7"}, [&] { split_validation(set, 8, 0); });
  expect_error(ErrorKind::usage, {"validation"}, [&] { split_validation(set, -1, 0); });
}

TEST(Split, WithoutValidationNothingIsCopied) {
  const ImageSet set = numbered({5, 5});
  const TrainValidation split = split_validation(set, 0, 0);
  EXPECT_EQ(split.train.images.data(), set.images.data());
  EXPECT_EQ(split.validation.count, 0);
}

}  // namespace
}  // namespace cucurbit::test
