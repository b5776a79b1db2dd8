#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdlib>

namespace cucurbit::cli {

/// Checks for a finite number as CLI::Range does, whose message would say the open end in 309 digits.
inline CLI::Validator number_check(bool zero_allowed) {
  const auto check = [zero_allowed](const std::string& text) {
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    const bool number = !text.empty() && *end == '\0' && std::isfinite(value);
    if (number && (value > 0 || (zero_allowed && value == 0))) return std::string();
    return fmt::format("'{}': expected a number {}", text, zero_allowed ? "not below 0" : "above 0");
  };
  return CLI::Validator(check, zero_allowed ? "NONNEGATIVE" : "POSITIVE");
}

inline const CLI::Validator kPositive = number_check(/*zero_allowed=*/false);
inline const CLI::Validator kNotNegative = number_check(/*zero_allowed=*/true);

}  // namespace cucurbit::cli
