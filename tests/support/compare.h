#pragma once

#include <string>
#include <vector>

#include "engine/tensor.h"

namespace cucurbit::test {

/// `values`, each rounded to the nearest value of `dtype`.
std::vector<double> rounded(const std::vector<double>& values, DType dtype);

Tensor to_device(const std::vector<double>& values, const Shape& shape, DType dtype);
std::vector<double> to_host(const Tensor& tensor);

bool same_bits(const std::vector<double>& a, const std::vector<double>& b);

/// The tolerance of a result whose largest magnitude is `magnitude` and whose elements are sums of `sum_length` terms:
/// k eps(dtype) magnitude, with a share that grows as the square root of the sum's length in the accumulator's eps.
double tolerance(DType dtype, int64_t sum_length, double magnitude);

/// Fails the current test unless both have the same size and every element of `got` is within slack * tolerance of the
/// expected one. Where NaN is expected, nothing is compared, but `got` must be finite. Prints the index, both values and
/// the tolerance of the first elements that differ.
void expect_close(const std::vector<double>& got, const std::vector<double>& expected, DType dtype, int64_t sum_length,
                  double slack, const std::string& what);

}  // namespace cucurbit::test
