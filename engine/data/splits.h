#pragma once

#include <optional>
#include <utility>

namespace cucurbit {

/// What there is of each split of a data set: its images on the host, on the device, their files, ... A validation and
/// a test set may be absent.
template <class T>
struct Splits {
  T train;
  std::optional<T> validation = {}, test = {};
};

/// Calls use(name, split) for each split that there is, in the order "train", "val", "test": the names that folders,
/// options and reports have for them. `splits` is a Splits<T>, const or not.
template <class S, class Use>
void for_each_split(S&& splits, const Use& use) {
  use("train", splits.train);
  if (splits.validation) use("val", *splits.validation);
  if (splits.test) use("test", *splits.test);
}

/// make(split) of each split that there is, train first.
template <class T, class Make>
auto map_splits(Splits<T> splits, const Make& make) {
  Splits<decltype(make(std::move(splits.train)))> made{.train = make(std::move(splits.train))};
  if (splits.validation) made.validation.emplace(make(std::move(*splits.validation)));
  if (splits.test) made.test.emplace(make(std::move(*splits.test)));
  return made;
}

}  // namespace cucurbit
