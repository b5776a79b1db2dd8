#include "kernels/accuracy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "engine/ops/cross_entropy.h"
#include "engine/ops/distill_logits.h"
#include "engine/runtime/stream.h"
#include "support/compare.h"

namespace cucurbit::test {
namespace {

const std::vector<int64_t> kWidths = {1, 2, 3, 10, 31, 32, 33, 100, 1000, 1025};

/// Small integers, so that rows have ties.
std::vector<double> tied_values(int64_t n, int seed) {
  std::mt19937 random(seed);
  std::vector<double> values(n);
  for (double& value : values) value = int(random() % 7) - 3;
  return values;
}

std::vector<int32_t> some_labels(int64_t n, int64_t classes, int seed) {
  std::mt19937 random(seed);
  std::vector<int32_t> labels(n);
  for (int32_t& label : labels) label = random() % 9 == 0 ? -100 : int32_t(random() % classes);
  return labels;
}

/// Columns that come before `label` when a row is sorted by falling value, equal values by rising index.
int64_t rank_of(const double* row, int64_t cols, int64_t label) {
  int64_t before = 0;
  for (int64_t c = 0; c < cols; ++c) before += row[c] > row[label] || (row[c] == row[label] && c < label);
  return before;
}

/// Counts of batches, in device memory.
class Counts {
 public:
  explicit Counts(int k) : k_(k) {}
  void add(const Tensor& logits, const Tensor& labels) const {
    dispatch_float(logits.dtype(), "test", [&]<class T>(Type<T>) {
      kernels::count_accuracy(logits.data<T>(), labels.data<int32_t>(), logits.dim(0), int(logits.dim(1)), k_,
                              static_cast<kernels::AccuracyCounts*>(storage_.raw()), nullptr, stream());
    });
  }
  kernels::AccuracyCounts read() const {
    kernels::AccuracyCounts counts{};
    storage_.copy_to_host(&counts, sizeof counts);
    return counts;
  }

 private:
  int k_;
  Tensor storage_ = Tensor::zeros({int64_t(sizeof(kernels::AccuracyCounts))}, DType::u8);
};

TEST(Accuracy, CountsTop1AndTopK) {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64})
    for (const int64_t cols : kWidths) {
      constexpr int64_t kRows = 130;
      const std::vector<double> values = tied_values(kRows * cols, 2);
      const std::vector<int32_t> labels = some_labels(kRows, cols, 3);
      int64_t rows = 0, top1 = 0, top5 = 0;
      for (int64_t r = 0; r < kRows; ++r) {
        if (labels[r] < 0) continue;
        const int64_t rank = rank_of(&values[r * cols], cols, labels[r]);
        ++rows, top1 += rank < 1, top5 += rank < 5;
      }
      const Counts counts(5);
      const Tensor logits = to_device(values, {kRows, cols}, dtype);
      for (int pass = 0; pass < 2; ++pass) counts.add(logits, Tensor::from_host(labels, {kRows}));
      EXPECT_EQ(counts.read().rows, 2 * rows) << cols;
      EXPECT_EQ(counts.read().skipped, 2 * (kRows - rows)) << cols;
      EXPECT_EQ(counts.read().top1, 2 * top1) << cols;
      EXPECT_EQ(counts.read().top_k, 2 * top5) << cols;
    }
}

TEST(Accuracy, RowsWithNanAreWrong) {
  const Counts counts(1);
  const std::vector<double> values = {5, NAN, 1, 5, 1, 1};
  counts.add(to_device(values, {2, 3}, DType::f32), Tensor::from_host(std::vector<int32_t>{0, 0}, {2}));
  EXPECT_EQ(counts.read().rows, 2);
  EXPECT_EQ(counts.read().top1, 1);
}

class StepMetricsTest : public testing::Test {
 protected:
  kernels::StepMetrics* device() { return static_cast<kernels::StepMetrics*>(storage_.raw()); }
  kernels::StepMetrics read() {
    kernels::StepMetrics metrics;
    storage_.copy_to_host(&metrics, sizeof metrics);
    return metrics;
  }
  Tensor storage_ = Tensor::zeros({int64_t(sizeof(kernels::StepMetrics))}, DType::u8);
};

TEST_F(StepMetricsTest, AddUpOverSteps) {
  for (const int64_t cols : kWidths) {
    storage_.fill_zero();
    constexpr int64_t kRows = 150;
    const std::vector<double> values = tied_values(kRows * cols, 6);
    const std::vector<int32_t> labels = some_labels(kRows, cols, 7);
    int64_t rows = 0, correct = 0;
    for (int64_t r = 0; r < kRows; ++r) {
      if (labels[r] < 0) continue;
      ++rows, correct += rank_of(&values[r * cols], cols, labels[r]) == 0;
    }
    double loss = 0;
    for (int step = 0; step < 2; ++step)
      loss = to_host(cross_entropy(to_device(values, {kRows, cols}, DType::f32), Tensor::from_host(labels, {kRows}), {},
                                   device()))[0];
    EXPECT_EQ(read().samples, 2 * rows);
    EXPECT_EQ(read().correct, 2 * correct) << cols;
    EXPECT_EQ(read().bad_labels, 0);
    EXPECT_EQ(read().not_finite, 0);
    EXPECT_NEAR(read().loss_sum, 2 * rows * loss, 1e-6 * (1 + std::abs(read().loss_sum)));
  }
}

TEST_F(StepMetricsTest, KeepTheTermsApart) {
  const Tensor labels = Tensor::from_host(std::vector<int32_t>{0, 1, 2, -100}, {4});
  const Tensor student = to_device(tied_values(40, 6), {4, 10}, DType::f64);
  const Tensor teacher = to_device(tied_values(40, 7), {4, 10}, DType::f64);
  const double task = to_host(distill_logits(student, teacher, labels, {.task_weight = 1, .distill_weight = 0}))[0];
  const double distill = to_host(distill_logits(student, teacher, labels, {.task_weight = 0, .distill_weight = 1}))[0];
  EXPECT_GT(task, 0);
  EXPECT_GT(distill, 0);
  distill_logits(student, teacher, labels, {.task_weight = 0.3, .distill_weight = 2}, device());
  EXPECT_NEAR(read().task_sum, 3 * task, 1e-12);
  EXPECT_NEAR(read().distill_sum, 3 * distill, 1e-12);
  EXPECT_NEAR(read().loss_sum, 3 * (0.3 * task + 2 * distill), 1e-12);
  cross_entropy(student, labels, {}, device());
  EXPECT_NEAR(read().task_sum, 6 * task, 1e-12);
  EXPECT_NEAR(read().distill_sum, 3 * distill, 1e-12) << "cross-entropy has no teacher";
}

TEST_F(StepMetricsTest, NameBadLabels) {
  for (const int64_t cols : kWidths) {
    storage_.fill_zero();
    std::vector<int32_t> labels(200, 0);
    labels[77] = int32_t(cols);
    labels[150] = -1;
    const Tensor logits = to_device(tied_values(200 * cols, 8), {200, cols}, DType::f32);
    const double loss = to_host(cross_entropy(logits, Tensor::from_host(labels, {200}), {}, device()))[0];
    EXPECT_TRUE(std::isnan(loss));
    EXPECT_EQ(read().bad_labels, 2);
    EXPECT_EQ(read().bad_label, cols);
    EXPECT_EQ(read().classes, cols);
    EXPECT_EQ(read().samples, 198);
  }
}

TEST_F(StepMetricsTest, CountRowsThatAreNotFinite) {
  std::vector<double> values = tied_values(40, 9);
  values[13] = NAN;
  values[25] = INFINITY;
  const Tensor labels = Tensor::from_host(std::vector<int32_t>{0, 1, 2, 3}, {4});
  cross_entropy(to_device(values, {4, 10}, DType::f32), labels, {}, device());
  EXPECT_EQ(read().not_finite, 2);
  EXPECT_EQ(read().samples, 4);
}

}  // namespace
}  // namespace cucurbit::test
