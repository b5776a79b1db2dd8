#pragma once

#include <string>
#include <vector>

#include "engine/tensor.h"

namespace cucurbit::test {

/// `values` rounded to what `dtype` can hold.
std::vector<double> rounded(const std::vector<double>& values, DType dtype);

Tensor to_device(const std::vector<double>& values, const Shape& shape, DType dtype);
std::vector<double> to_host(const Tensor& tensor);

bool same_bits(const std::vector<double>& a, const std::vector<double>& b);

/// The tolerance of a result whose largest magnitude is `magnitude` and whose elements are sums of `sum_length` terms:
/// k eps(dtype) magnitude, with a share that grows as the square root of the sum's length in the accumulator's eps.
double tolerance(DType dtype, int64_t sum_length, double magnitude);

/// Fails the current test unless got and want have the same size, got is finite where want is, and every element is
/// within slack * tolerance. NaN in `want` means: not compared, but got must be finite. Prints index, got, want,
/// tolerance.
void expect_close(const std::vector<double>& got, const std::vector<double>& want, DType dtype, int64_t sum_length,
                  double slack, const std::string& what);

}  // namespace cucurbit::test
