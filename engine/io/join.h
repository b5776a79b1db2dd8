#pragma once

#include <fmt/core.h>

#include <iterator>
#include <string>
#include <string_view>

namespace cucurbit {

/// The elements as text with `separator` between them. (fmt::join does the same, but with g++ 12 at -O3 and fmt 9 it
/// raises a false -Wstringop-overflow.)
template <class Range>
std::string join(const Range& range, std::string_view separator) {
  std::string text;
  std::string_view before;
  for (const auto& element : range) {
    text += before;
    fmt::format_to(std::back_inserter(text), "{}", element);
    before = separator;
  }
  return text;
}

}  // namespace cucurbit
