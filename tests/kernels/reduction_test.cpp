// Reductions that no op uses, and element-wise kernels with more type pairs than ops have.
#include "kernels/reduction.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "engine/runtime/stream.h"
#include "engine/tensor.h"
#include "kernels/elementwise.h"
#include "support/compare.h"

namespace cucurbit {
namespace {

using test::to_device;
using test::to_host;

/// Multiples of 1/8 in [-4, 4]: exact in every type, and so are the sums of a few thousand of them.
std::vector<double> eighths(int64_t n) {
  std::vector<double> values(n);
  for (int64_t i = 0; i < n; ++i) values[i] = double((i * 37 + 11) % 65 - 32) / 8;
  return values;
}

template <class T>
double reduce(const std::vector<double>& values, Reduction kind) {
  using A = acc_t<T>;
  const int64_t n = int64_t(values.size());
  const Tensor x = to_device(values, {n}, dtype_of<T>), y = Tensor::empty({}, dtype_of<A>);
  const Tensor workspace = Tensor::empty({kernels::reduce_all_workspace(n)}, dtype_of<A>);
  kernels::reduce_all(x.data<T>(), y.data<A>(), n, kind, workspace.data<A>(), stream());
  return to_host(y)[0];
}

template <class T>
class Reductions : public testing::Test {};
using Types = testing::Types<float, bf16, double>;
TYPED_TEST_SUITE(Reductions, Types);

TYPED_TEST(Reductions, OverAll) {
  for (int64_t n : {1, 2, 31, 33, 1025, 8193, 20001}) {
    const std::vector<double> x = eighths(n);
    const double squares = std::inner_product(x.begin(), x.end(), x.begin(), 0.0);
    EXPECT_EQ(reduce<TypeParam>(x, Reduction::sum_of_squares), squares) << n;
    EXPECT_EQ(reduce<TypeParam>(x, Reduction::max), *std::max_element(x.begin(), x.end())) << n;
  }
}

TYPED_TEST(Reductions, EmptyAndNaN) {
  EXPECT_EQ(reduce<TypeParam>({}, Reduction::sum), 0);
  EXPECT_EQ(reduce<TypeParam>({}, Reduction::max), -INFINITY);
  EXPECT_TRUE(std::isnan(reduce<TypeParam>({}, Reduction::mean)));
  for (int64_t at : {0, 5000, 19999}) {
    std::vector<double> x = eighths(20000);
    x[at] = NAN;
    EXPECT_TRUE(std::isnan(reduce<TypeParam>(x, Reduction::max))) << at;
    x[at] = INFINITY;
    EXPECT_EQ(reduce<TypeParam>(x, Reduction::max), INFINITY) << at;
  }
}

TYPED_TEST(Reductions, MaximumOfRowsAndColumns) {
  using A = acc_t<TypeParam>;
  const int64_t rows = 70, cols = 35;
  const std::vector<double> values = eighths(rows * cols);
  const Tensor x = to_device(values, {rows, cols}, dtype_of<TypeParam>);
  const Tensor by_row = Tensor::empty({rows}, dtype_of<A>), by_col = Tensor::empty({cols}, dtype_of<A>);
  const Tensor workspace = Tensor::empty({ColumnSplit(rows, cols).partials()}, dtype_of<A>);
  kernels::reduce_rows(x.data<TypeParam>(), by_row.data<A>(), rows, cols, Reduction::max, stream());
  kernels::reduce_columns(x.data<TypeParam>(), by_col.data<A>(), rows, cols, Reduction::max, false, workspace.data<A>(),
                          stream());
  std::vector<double> rows_want(rows, -INFINITY), cols_want(cols, -INFINITY);
  for (int64_t i = 0; i < rows * cols; ++i) {
    rows_want[i / cols] = std::max(rows_want[i / cols], values[i]);
    cols_want[i % cols] = std::max(cols_want[i % cols], values[i]);
  }
  EXPECT_EQ(to_host(by_row), rows_want);
  EXPECT_EQ(to_host(by_col), cols_want);
}

template <class From, class To>
void expect_cast_and_add(int64_t n, int64_t offset) {
  std::vector<double> values = eighths(n + offset);
  if constexpr (std::is_same_v<From, uint8_t>)
    for (double& value : values) value = std::abs(value) * 8;
  const Tensor x = Tensor::empty({n + offset}, dtype_of<From>), y = to_device(values, x.shape(), dtype_of<To>);
  std::vector<From> stored(values.size());
  for (size_t i = 0; i < values.size(); ++i) stored[i] = From(values[i]);
  x.copy_from_host(stored.data(), x.bytes());
  const Tensor target = Tensor::empty(x.shape(), dtype_of<To>);
  kernels::fill(target.data<To>(), target.size(), 1.5, stream());
  kernels::cast(x.data<From>() + offset, target.data<To>() + offset, n, stream());
  std::vector<double> want = values;
  for (int64_t i = 0; i < offset; ++i) want[i] = 1.5;
  EXPECT_EQ(to_host(target), want);
  if constexpr (!std::is_same_v<From, uint8_t>) {
    kernels::add_into(x.data<From>() + offset, target.data<To>() + offset, n, stream());
    for (int64_t i = offset; i < n + offset; ++i) want[i] *= 2;
    EXPECT_EQ(to_host(target), want);
  }
}

TYPED_TEST(Reductions, FillCastAndAddInto) {
  for (int64_t n : {0, 1, 7, 2047, 2049, 5000})
    for (int64_t offset : {0, 1}) {  // 1: not aligned for vectors
      expect_cast_and_add<float, TypeParam>(n, offset);
      expect_cast_and_add<bf16, TypeParam>(n, offset);
      expect_cast_and_add<double, TypeParam>(n, offset);
      expect_cast_and_add<uint8_t, TypeParam>(n, offset);
    }
}

}  // namespace
}  // namespace cucurbit
