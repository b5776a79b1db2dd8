#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "array.h"

namespace lab {

namespace detail {

template <class T>
std::string text(const T& value) {
  char buffer[32];
  if constexpr (std::is_integral_v<T>) return std::to_string(value);
  std::snprintf(buffer, sizeof buffer, "%.9g", static_cast<double>(value));
  return buffer;
}

/// Not a number is near nothing.
template <class T>
bool near(const T& got, const T& want, double tolerance) {
  if (tolerance == 0) return got == want;
  const double expected = static_cast<double>(want), size = std::fabs(expected);
  return std::fabs(static_cast<double>(got) - expected) <= tolerance * (size > 1 ? size : 1);
}

template <class T, class Want>
void compare(const std::vector<T>& got, const Want& want, double tolerance, Site site) {
  size_t wrong = 0, first = 0;
  for (size_t i = 0; i < got.size(); ++i)
    if (!near<T>(got[i], static_cast<T>(want(i)), tolerance) && wrong++ == 0) first = i;
  if (wrong == 0) return;
  report({"test", "wrong-result",
          "element " + std::to_string(first) + " is " + text(got[first]) + ", expected " +
              text(static_cast<T>(want(first))) + "; wrong: " + std::to_string(wrong) + " of " +
              std::to_string(got.size()),
          "", "", "expected here"},
         site);
}

}  // namespace detail

/// Reports the first wrong element, and how many are wrong. `want` is called with the index, or is a vector of as many
/// elements. With a tolerance, |got - want| <= tolerance * max(1, |want|) is right.
template <class T, class Want>
void expect(const std::vector<T>& got, const Want& want, double tolerance = 0, Site site = Site::here()) {
  if constexpr (std::is_invocable_v<const Want&, size_t>) {
    detail::compare(got, want, tolerance, site);
  } else if (got.size() == want.size()) {
    detail::compare(
        got, [&](size_t i) { return want[i]; }, tolerance, site);
  } else {
    detail::report({"test", "wrong-result",
                    "there are " + std::to_string(got.size()) + " elements, expected " + std::to_string(want.size()),
                    "", "", "expected here"},
                   site);
  }
}

/// The same for an array on the device, after everything the device was given to do.
template <class T, class Want>
LAB_INLINE void expect(const Array<T>& got, const Want& want, double tolerance = 0, Site site = Site::here()) {
  expect(got.host(site), want, tolerance, site);
}

/// Reports that something does not hold.
inline void expect(bool holds, const char* what = "a condition does not hold", Site site = Site::here()) {
  if (!holds) detail::report({"test", "wrong-result", what, "", "", "expected here"}, site);
}

/// The contents must be the same, bit for bit, whatever the order of threads; the lab compares its runs.
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
