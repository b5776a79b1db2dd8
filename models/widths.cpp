#include "models/widths.h"

#include <fmt/format.h>

#include <charconv>

#include "kernels/error.h"

namespace cucurbit {

std::vector<int64_t> parse_widths(const std::string& model, const std::string& specification) {
  std::vector<int64_t> widths;
  const char* at = specification.data();
  const char* const end = at + specification.size();
  while (at != end) {
    int64_t width = 0;
    const auto [stop, error] = std::from_chars(at, end, width);
    const bool separated = stop == end || (*stop == 'x' && stop + 1 != end);
    if (error != std::errc{} || width < 1 || width > 65536 || !separated)
      throw Error(ErrorKind::usage,
                  fmt::format("[model] '{}:{}': expected widths from 1 to 65536 separated by x, as in "
                              "{}:800x800",
                              model, specification, model));
    widths.push_back(width);
    at = stop == end ? end : stop + 1;
  }
  return widths;
}

}  // namespace cucurbit
