#pragma once

#include "kernels/logit_loss_row.cuh"

namespace cucurbit::kernels {

/// Expresses the sums with respect to new maxima.
template <class A>
__device__ __forceinline__ void rescale(RowSums<A>& r, A student_max, A teacher_max, A inverse_temperature) {
  // Equal maxima may both be infinite, whose difference is not a number.
  const A student = r.student_max == student_max ? A(0) : r.student_max - student_max;
  const A teacher = r.teacher_max == teacher_max ? A(0) : r.teacher_max - teacher_max;
  r.hard *= math::exp(student);
  r.soft *= math::exp(student * inverse_temperature);
  const A factor = math::exp(teacher * inverse_temperature);
  r.teacher *= factor;
  r.cross *= factor;
  r.student_max = student_max;
  r.teacher_max = teacher_max;
}

/// Adds a thread's share of a row's columns to its sums.
template <int kThreads, class T, class V, class Range, class A = acc_t<T>>
__device__ __forceinline__ void add_columns(const LogitLoss<T, V>& p, const T* s, const V* t, Range columns, int label,
                                            A target, RowSums<A>& own) {
  const A largest = math::max(loop_max<A>(columns, [&](int c) { return to_acc(s[c]); }), own.student_max);
  A hard = 0, soft = 0, teacher = 0, cross = 0, total = 0, beaten = 0, teacher_largest = own.teacher_max;
  if constexpr (LogitLoss<T, V>::kTeacher)
    teacher_largest = math::max(loop_max<A>(columns, [&](int c) { return to_acc(t[c]); }), own.teacher_max);
#ifdef SOFTGPU
#pragma omp simd reduction(+ : hard, soft, teacher, cross, total, beaten)
#endif
  for (int c = columns.first; c < columns.last; c += kThreads) {
    const A value = to_acc(s[c]), below = value - largest;
    beaten += comes_before(value, c, target, label);
    total += value;
    hard += math::exp(below);
    if constexpr (LogitLoss<T, V>::kTeacher) {
      const A wanted = to_acc(t[c]), weight = math::exp((wanted - teacher_largest) * p.inverse_temperature);
      cross += weight > 0 ? weight * ((wanted - value) * p.inverse_temperature) : A(0);
      teacher += weight;
      soft += math::exp(below * p.inverse_temperature);
    }
  }
  rescale(own, largest, teacher_largest, p.inverse_temperature);
  own.hard += hard;
  own.soft += soft;
  own.teacher += teacher;
  own.cross += cross;
  own.total += total;
  own.beaten += beaten;
}

/// Combines what the threads of a block have of a row.
template <int kThreads, bool kTeacher, class A>
__device__ __forceinline__ RowSums<A> whole_row(RowSums<A> own, A inverse_temperature) {
  const A largest = block_max<kThreads>(own.student_max);
  const A teacher_largest = kTeacher ? block_max<kThreads>(own.teacher_max) : own.teacher_max;
  rescale(own, largest, teacher_largest, inverse_temperature);
  return {largest,
          teacher_largest,
          block_sum<kThreads>(own.hard),
          block_sum<kThreads>(own.soft),
          block_sum<kThreads>(own.teacher),
          block_sum<kThreads>(own.cross),
          block_sum<kThreads>(own.total),
          block_sum<kThreads>(own.beaten)};
}

/// Columns that a thread of long_logit_loss_kernel takes at once.
template <int kThreads>
inline constexpr int kLongRowChunk = kThreads == 1 ? 2048 : 8;

/// A block per row of any length. The sums are rescaled whenever the maximum grows, so that one pass gives them; the
/// second pass, for the gradient, goes backwards: what was read last is still in the cache.
template <int kThreads, class T, class V>
__global__ void long_logit_loss_kernel(LogitLoss<T, V> p) {
  using A = acc_t<T>;
  constexpr bool kTeacher = LogitLoss<T, V>::kTeacher;
  constexpr int kColumns = kLongRowChunk<kThreads> * kThreads;
  const int64_t row = blockIdx.x;
  const T* s = p.student + row * p.cols;
  const V* t = p.teacher + (kTeacher ? row * p.cols : 0);
  const A share = p.gradient ? gradient_share<kThreads, A>(p.sink, p.labels, p.second.labels, p.rows, p.cols) : A(0);
  const LabelWeights<A> weights(p.second);
  const RowLabels labels = row_labels(p, weights, row);
  const int label = labels.label;
  const A target = label >= 0 ? to_acc(s[label]) : A(0);

  RowSums<A> own{-A(INFINITY), -A(INFINITY), 0, 0, 0, 0, 0, 0};
  for (int begin = 0; begin < p.cols; begin += kColumns)
    add_columns<kThreads>(p, s, t, strided<kThreads>(begin, math::min(begin + kColumns, p.cols)), label, target, own);
  const RowSums<A> r = whole_row<kThreads, kTeacher>(own, p.inverse_temperature);

  LossSums sums = no_rows();
  if (thread_index<kThreads>() == 0) add_row(p, row, label, wanted_logit(s, labels, weights), r, sums);
  finish_block<kThreads>(sums, p.sink, p.labels, p.cols);
  if (!p.gradient) return;

  const RowSlope<A> g = row_slope(p, weights, share, label, r);
  T* __restrict__ gradient = p.gradient + row * p.cols;
  const auto store = [&](auto mixed) {
    for (int begin = (p.cols - 1) / kColumns * kColumns; begin >= 0; begin -= kColumns)
      for (int c : strided<kThreads>(begin, math::min(begin + kColumns, p.cols))) {
        const A below = to_acc(s[c]) - r.student_max;
        A top = c == label ? g.top : A(0);
        if constexpr (mixed.value) top += c == labels.other ? g.rest : A(0);
        A value = g.hard * (math::exp(below) - top - g.floor);
        if constexpr (kTeacher)
          value += g.soft * (math::exp(below * p.inverse_temperature) -
                             math::exp((to_acc(t[c]) - r.teacher_max) * p.inverse_temperature) * g.ratio);
        gradient[c] = from_acc<T>(label < kUnlabelled ? A(0) : value);
      }
  };
  p.second.labels ? store(std::true_type{}) : store(std::false_type{});
}

}  // namespace cucurbit::kernels
