#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cucurbit {

/// "1200x1200" -> {1200, 1200}; an empty specification gives no widths. Throws Error usage, naming `model`, unless the
/// specification consists of numbers from 1 to 65,536 separated by "x".
std::vector<int64_t> parse_widths(const std::string& model, const std::string& specification);

}  // namespace cucurbit
