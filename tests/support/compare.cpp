#include "support/compare.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

namespace cucurbit::test {

namespace {
/// The rounding step of a type and of its accumulator, and how many steps an op of a few roundings may be off.
struct Precision {
  double eps, accumulator_eps, factor;
};
Precision precision_of(DType dtype) {
  switch (dtype) {
    case DType::bf16:
      return {0x1p-8, 0x1p-23, 3};
    case DType::f64:
      return {0x1p-27, 0x1p-52, 1};  // central differences are good to about 1e-9 of the largest gradient
    default:
      return {0x1p-23, 0x1p-23, 8};
  }
}

template <class T>
Tensor upload(const std::vector<double>& values, const Shape& shape) {
  std::vector<T> converted(values.size());
  for (size_t i = 0; i < values.size(); ++i) converted[i] = T(float(values[i]));
  if constexpr (!std::is_same_v<T, bf16>)
    for (size_t i = 0; i < values.size(); ++i) converted[i] = T(values[i]);
  return Tensor::from_host(converted, shape);
}

template <class T>
std::vector<double> download(const Tensor& tensor) {
  const std::vector<T> raw = tensor.to_host<T>();
  std::vector<double> values(raw.size());
  for (size_t i = 0; i < raw.size(); ++i) {
    if constexpr (std::is_same_v<T, bf16>)
      values[i] = __bfloat162float(raw[i]);
    else
      values[i] = double(raw[i]);
  }
  return values;
}
}  // namespace

std::vector<double> rounded(const std::vector<double>& values, DType dtype) {
  std::vector<double> result = values;
  for (double& value : result) {
    if (dtype == DType::f32) value = float(value);
    if (dtype == DType::bf16) value = __bfloat162float(__float2bfloat16(float(value)));
  }
  return result;
}

Tensor to_device(const std::vector<double>& values, const Shape& shape, DType dtype) {
  switch (dtype) {
    case DType::f32:
      return upload<float>(values, shape);
    case DType::bf16:
      return upload<bf16>(values, shape);
    case DType::f64:
      return upload<double>(values, shape);
    case DType::i32:
      return upload<int32_t>(values, shape);
    case DType::i64:
      return upload<int64_t>(values, shape);
    case DType::u8:
      return upload<uint8_t>(values, shape);
  }
  return {};
}

std::vector<double> to_host(const Tensor& tensor) {
  switch (tensor.dtype()) {
    case DType::f32:
      return download<float>(tensor);
    case DType::bf16:
      return download<bf16>(tensor);
    case DType::f64:
      return download<double>(tensor);
    case DType::i32:
      return download<int32_t>(tensor);
    case DType::i64:
      return download<int64_t>(tensor);
    case DType::u8:
      return download<uint8_t>(tensor);
  }
  return {};
}

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
}

double tolerance(DType dtype, int64_t sum_length, double magnitude) {
  const Precision precision = precision_of(dtype);
  return (precision.factor * precision.eps + 4 * std::sqrt(double(sum_length)) * precision.accumulator_eps) * magnitude;
}

void expect_close(const std::vector<double>& got, const std::vector<double>& expected, DType dtype, int64_t sum_length,
                  double slack, const std::string& what) {
  ASSERT_EQ(got.size(), expected.size()) << what;
  double magnitude = 0;
  for (double value : expected)
    if (std::isfinite(value)) magnitude = std::max(magnitude, std::abs(value));
  const double allowed = slack * tolerance(dtype, sum_length, std::max(magnitude, 1e-3));
  int shown = 0;
  for (size_t i = 0; i < got.size() && shown < 5; ++i) {
    const bool good = std::isnan(expected[i])   ? std::isfinite(got[i])
                      : std::isinf(expected[i]) ? got[i] == expected[i]
                                                : std::abs(got[i] - expected[i]) <= allowed;
    if (good) continue;
    ADD_FAILURE() << what << "[" << i << "]: got " << got[i] << ", expected " << expected[i] << ", tolerance "
                  << allowed;
    ++shown;
  }
}

}  // namespace cucurbit::test
