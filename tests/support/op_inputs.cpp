#include "support/op_inputs.h"

#include <algorithm>

namespace cucurbit::test {

DType stored_type(const Input& input, DType dtype) {
  if (input.kind == Input::Kind::labels) return DType::i32;
  return input.kind == Input::Kind::parameter ? accumulator_of(dtype) : dtype;
}

Values draw(const Input& input, std::mt19937& random) {
  const int64_t count = input.shape.size();
  const double range = input.high - input.low;
  Values values(size_t(count), 0);
  if (input.distinct) {
    for (int64_t i = 0; i < count; ++i) values[size_t(i)] = input.low + range * (double(i) + 0.5) / double(count);
    std::shuffle(values.begin(), values.end(), random);
    return values;
  }
  for (double& value : values) {
    if (input.kind == Input::Kind::labels)
      value = std::uniform_int_distribution<int>(int(input.low), int(input.high) - 1)(random);
    else
      value = input.low + range * (2 * std::uniform_int_distribution<int>(0, 127)(random) + 1) / 256;
  }
  return values;
}

}  // namespace cucurbit::test
