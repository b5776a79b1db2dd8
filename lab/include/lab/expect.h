#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "array.h"

/// What a test says about its results.

namespace lab {

namespace detail {

template <class T>
std::string text(const T& value) {
  char buffer[32];
  if constexpr (std::is_integral_v<T>) return std::to_string(value);
  std::snprintf(buffer, sizeof buffer, "%.9g", static_cast<double>(value));
  return buffer;
}

/// NaN is not near any number.
template <class T>
bool near(const T& got, const T& expected, double tolerance) {
  if (tolerance == 0) return got == expected;
  const double value = static_cast<double>(expected), size = std::fabs(value);
  return std::fabs(static_cast<double>(got) - value) <= tolerance * (size > 1 ? size : 1);
}

template <class T, class Expected>
void compare(const std::vector<T>& got, const Expected& expected, double tolerance, Site site) {
  size_t wrong = 0, first = 0;
  for (size_t i = 0; i < got.size(); ++i)
    if (!near<T>(got[i], static_cast<T>(expected(i)), tolerance) && wrong++ == 0) first = i;
  if (wrong == 0) return;
  report({"test", "wrong-result",
          "element " + std::to_string(first) + " is " + text(got[first]) + ", expected " +
              text(static_cast<T>(expected(first))) + " (" + std::to_string(wrong) + " of " +
              std::to_string(got.size()) + " elements are wrong)",
          "", "", "expected here"},
         site);
}

}  // namespace detail

/// Compares the elements and reports the first wrong one and how many are wrong. `expected` is a function of the index,
/// or a vector of the same size. With a tolerance, a value is right if |got - expected| <= tolerance * max(1,
/// |expected|).
template <class T, class Expected>
void expect(const std::vector<T>& got, const Expected& expected, double tolerance = 0, Site site = Site::here()) {
  if constexpr (std::is_invocable_v<const Expected&, size_t>) {
    detail::compare(got, expected, tolerance, site);
  } else if (got.size() == expected.size()) {
    detail::compare(
        got, [&](size_t i) { return expected[i]; }, tolerance, site);
  } else {
    detail::report(
        {"test", "wrong-result",
         "the array has " + std::to_string(got.size()) + " elements, expected " + std::to_string(expected.size()), "",
         "", "expected here"},
        site);
  }
}

/// The same for an array in device memory, once the device has finished all its work.
template <class T, class Expected>
LAB_INLINE void expect(const Array<T>& got, const Expected& expected, double tolerance = 0, Site site = Site::here()) {
  expect(got.host(site), expected, tolerance, site);
}

/// Reports a condition that does not hold; `what` says what its failure means.
inline void expect(bool holds, const char* what = "a condition does not hold", Site site = Site::here()) {
  if (!holds) detail::report({"test", "wrong-result", what, "", "", "expected here"}, site);
}

/// Claims that the contents are the same, bit for bit, in every order of threads. The lab compares the hashes of its
/// runs.
template <class T>
LAB_INLINE void expect_deterministic(const Array<T>& array, Site site = Site::here()) {
  const std::vector<T> values = array.host(site);
  uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const T& value : values) {
    unsigned char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    for (const unsigned char byte : bytes) hash = (hash ^ byte) * 0x100000001b3;
  }
  detail::append_line("{\"contents\":\"" + std::to_string(hash) + "\",\"file\":" + detail::quoted(site.file) +
                      ",\"line\":" + std::to_string(site.line) + "}");
}

}  // namespace lab
