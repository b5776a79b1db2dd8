#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cucurbit {

/// "1200x1200" -> {1200, 1200}; empty for an empty specification. Throws Error usage naming `model` for anything but
/// numbers from 1 to 65,536 separated by "x".
std::vector<int64_t> parse_widths(const std::string& model, const std::string& specification);

}  // namespace cucurbit
