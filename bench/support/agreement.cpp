#include "bench/support/agreement.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "bench/support/device_values.h"

namespace cucurbit::bench {

std::string disagreement(const Tensor& got, const Tensor& expected, double tolerance) {
  const std::vector<float> left = to_floats(got), right = to_floats(expected);
  if (left.size() != right.size()) return fmt::format("got {}, expected {}", describe(got), describe(expected));
  double largest = 0;
  for (float value : right) largest = std::max(largest, std::abs(double(value)));
  for (size_t i = 0; i < left.size(); ++i)
    if (!(std::abs(double(left[i]) - right[i]) <= tolerance * largest))
      return fmt::format("element {}: got {}, expected {}, tolerance {:.2g} of {:.3g}", i, left[i], right[i], tolerance,
                         largest);
  return {};
}

}  // namespace cucurbit::bench
