#pragma once

#include <climits>
#include <type_traits>

#include "kernels/logit_loss.h"
#include "kernels/loss_sums.cuh"

/// The kernels behind cross_entropy and distill_logits: the teacher's part is left out at compile time.
namespace cucurbit::kernels {

/// In place of the teacher's element type: there is no teacher.
struct NoTeacher {};

template <class T, class V>
struct LogitLoss {
  using A = acc_t<T>;
  static constexpr bool kTeacher = !std::is_same_v<V, NoTeacher>;

  const T* student;
  const V* teacher;
  const int32_t* labels;
  SecondLabels second;
  int64_t rows;
  int cols;
  A temperature, inverse_temperature, task_weight, distill_weight, smoothing;
  T* gradient;
  A* row_losses;
  LossSink<A> sink;
};

/// What a row's loss and gradient are made of. Maxima are subtracted in every exponent.
template <class A>
struct RowSums {
  A student_max, teacher_max;
  A hard;     // sum e^(s - max)
  A soft;     // sum e^((s - max)/T)
  A teacher;  // sum e^((t - max)/T)
  A cross;    // sum e^((t - max)/T) (t - s)/T
  A total;    // sum s
  A beaten;   // classes that come before the label's in order of logits
};

/// gradient = hard (e^(s - max) - [c = y] top - [c = other] rest - floor) + soft (e^((s - max)/T) - e^((t - max)/T)
/// ratio). In this form the soft part is exactly zero where the teacher is the student, however the compiler contracts
/// it.
template <class A>
struct RowSlope {
  A hard, top, rest, floor, soft, ratio;
};

/// The label of a row: a class, or one of these.
enum : int { kUnlabelled = -1, kIgnored = -2, kBadLabel = -3 };

/// How the labels of a step are weighed.
template <class A>
struct LabelWeights {
  A larger = 1, smaller = 0;
  bool second_first = false;  // whether the second label is the one of the larger weight

  __device__ __forceinline__ explicit LabelWeights(const SecondLabels& second) {
    if (!second.labels) return;
    const float first = *second.weight;
    second_first = first < 0.5f;
    larger = second_first ? 1 - A(first) : A(first);
    smaller = second_first ? A(first) : 1 - A(first);
  }
};

/// The label of the larger weight, and the other one: a class, or below 0 where there is none.
struct RowLabels {
  int label, other;
};

template <class T, class V, class A>
__device__ __forceinline__ RowLabels row_labels(const LogitLoss<T, V>& p, const LabelWeights<A>& weights, int64_t row) {
  if (!p.labels) return {kUnlabelled, -1};
  const int first = p.labels[row];
  if (first == kIgnoreIndex) return {kIgnored, -1};
  if (first < 0 || first >= p.cols) return {kBadLabel, -1};
  if (!p.second.labels) return {first, -1};
  const int second = p.second.labels[row];
  if (second < 0 || second >= p.cols) return {kIgnored, -1};
  return weights.second_first ? RowLabels{second, first} : RowLabels{first, second};
}

/// The logit that the labels ask for: the weighted mean of theirs.
template <class T, class A>
__device__ __forceinline__ A wanted_logit(const T* row, const RowLabels& labels, const LabelWeights<A>& weights) {
  if (labels.label < 0) return 0;
  const A logit = to_acc(row[labels.label]);
  return labels.other < 0 ? logit : weights.larger * logit + weights.smaller * to_acc(row[labels.other]);
}

/// 1 if class `c` with logit `s` is chosen before `label` with logit `target`: it is larger, or as large and of lower
/// index; and 1 for a NaN.
template <class A>
__device__ __forceinline__ A comes_before(A s, int c, A target, int label) {
  const A tie = c < label ? A(1) : A(0);  // selections of numbers vectorise, of truth values they do not
  return (s <= target ? A(0) : A(1)) + (s == target ? tie : A(0));
}

/// Adds a finished row to the sums of its block, and writes its loss. `target` is its wanted_logit.
template <class T, class V, class A = acc_t<T>>
__device__ __forceinline__ void add_row(const LogitLoss<T, V>& p, int64_t row, int label, A target, const RowSums<A>& r,
                                        LossSums& sums) {
  if (label == kBadLabel) {
    ++sums.bad;
    sums.first_bad = row < sums.first_bad ? row : sums.first_bad;
  }
  A loss = 0;
  if (label >= kUnlabelled) {
    A hard = 0, soft = 0;
    if (label >= 0) {
      hard = math::log(r.hard) + (r.student_max - target);
      if (p.smoothing != 0) hard += p.smoothing * (target - r.total / A(p.cols));
      loss += p.task_weight == 0 ? A(0) : p.task_weight * hard;
    }
    if constexpr (LogitLoss<T, V>::kTeacher) {
      const A divergence =
          r.cross / r.teacher + math::log(r.soft / r.teacher) + (r.student_max - r.teacher_max) * p.inverse_temperature;
      soft = p.temperature * p.temperature * (divergence < 0 ? A(0) : divergence);
      loss += p.distill_weight * soft;
    }
    sums.hard += hard;
    sums.soft += soft;
    ++sums.rows;
    sums.correct += label >= 0 && r.beaten == 0;
    sums.not_finite += !(loss - loss == 0);
  }
  if (p.row_losses) p.row_losses[row] = loss;
}

/// `share` is 1 / counted rows.
template <class T, class V, class A = acc_t<T>>
__device__ __forceinline__ RowSlope<A> row_slope(const LogitLoss<T, V>& p, const LabelWeights<A>& weights, A share,
                                                 int label, const RowSums<A>& r) {
  RowSlope<A> slope;
  slope.hard = label >= 0 ? p.task_weight * share / r.hard : A(0);
  slope.top = (A(1) - p.smoothing) * r.hard * weights.larger;
  slope.rest = (A(1) - p.smoothing) * r.hard * weights.smaller;
  slope.floor = p.smoothing / A(p.cols) * r.hard;
  slope.soft = p.distill_weight * p.temperature * share / r.soft;
  slope.ratio = r.soft / r.teacher;
  return slope;
}

}  // namespace cucurbit::kernels
