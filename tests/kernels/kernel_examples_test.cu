// The examples of docs/kernels.md compile and compute what they say, with blocks of one thread and of many.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "../../docs/kernels/column_tile.cu"
#include "../../docs/kernels/row_tile.cu"
#include "../../docs/kernels/strided.cu"
#include "engine/runtime/stream.h"
#include "engine/tensor.h"
#include "kernels/in_threads.h"

namespace cucurbit {
namespace {

/// Small whole numbers above 0: their sums are exact in any order.
std::vector<float> whole_numbers(int64_t n) {
  std::vector<float> values;
  for (int64_t i = 0; i < n; ++i) values.push_back(float(1 + i * 7 % 11));
  return values;
}

void expect_examples(int64_t rows, int cols) {
  const std::vector<float> x = whole_numbers(rows * cols);
  std::vector<float> scaled, by_row(size_t(rows), 0), by_column(size_t(cols), 0), normalized;
  for (int64_t i = 0; i < rows * cols; ++i) {
    scaled.push_back(3 * x[size_t(i)]);
    by_row[size_t(i / cols)] += x[size_t(i)];
    by_column[size_t(i % cols)] += x[size_t(i)];
  }
  for (int64_t i = 0; i < rows * cols; ++i) normalized.push_back(x[size_t(i)] / by_row[size_t(i / cols)]);
  std::vector<float> means = by_row;
  for (float& mean : means) mean /= float(cols);

  const Tensor in = Tensor::from_host(x, {rows, cols}), out = Tensor::empty(in.shape(), DType::f32);
  examples::scale(in.data<float>(), out.data<float>(), in.size(), 3, stream());
  EXPECT_EQ(out.to_host<float>(), scaled) << rows << "x" << cols;

  const Tensor mean = Tensor::empty({rows}, DType::f32);
  examples::row_mean(in.data<float>(), mean.data<float>(), rows, cols, stream());
  EXPECT_EQ(mean.to_host<float>(), means) << rows << "x" << cols;

  const bool done = examples::normalize_rows(in.data<float>(), out.data<float>(), rows, cols, stream());
  EXPECT_EQ(done, cols <= 1024);
  if (done) {
    EXPECT_EQ(out.to_host<float>(), normalized) << rows << "x" << cols;
  }

  const Tensor sums = Tensor::empty({cols}, DType::f32);
  const Tensor partial = Tensor::empty({std::max<int64_t>(1, ColumnSplit(rows, cols).partials())}, DType::f32);
  examples::column_sums(in.data<float>(), sums.data<float>(), rows, cols, partial.data<float>(), stream());
  EXPECT_EQ(sums.to_host<float>(), by_column) << rows << "x" << cols;
}

void expect_all_sizes() {
  for (const int64_t rows : {1, 15, 33, 70})
    for (const int cols : {1, 7, 8, 10, 32, 33, 129, 257, 1000, 1025}) expect_examples(rows, cols);
}

using KernelExamplesInThreads = InThreads;

TEST(KernelExamples, AreRightAsTheDeviceRunsThem) { expect_all_sizes(); }

TEST_F(KernelExamplesInThreads, AreRight) { expect_all_sizes(); }

}  // namespace
}  // namespace cucurbit
