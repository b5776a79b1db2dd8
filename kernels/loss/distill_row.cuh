#pragma once

#include "kernels/loss/labels.cuh"
#include "kernels/loss/loss_sums.cuh"

/// Loss and gradient of one row of distill_logits, from the sums over its columns: s are the student's logits, t the
/// teacher's, T the temperature. The task term is the cross-entropy of cross_entropy.cu.
namespace cucurbit::kernels {

/// Temperature and weights of the step, in the type of computation.
template <class A>
struct DistillFactors {
  A temperature, inverse_temperature, task_weight, distill_weight;
};

/// What the kernels take.
template <class T, class V>
struct DistillLogits {
  using A = acc_t<T>;
  const T* student;       // [rows, cols]
  const V* teacher;       // [rows, cols]
  const int32_t* labels;  // [rows], or null
  SecondLabels second;
  int64_t rows;
  int cols;                       // classes
  StepValue<double> temperature;  // the weights of the two terms are those of the sink
  DistillFactors<A> constants;    // of what is no table
  A smoothing;
  T* gradient;  // [rows, cols], or null
  LossSink<A> sink;

  /// The factors in force. Constants were rounded and inverted by the host, once; where there is a table each thread
  /// does it for itself, in the same way.
  __device__ __forceinline__ DistillFactors<A> factors() const {
    DistillFactors<A> f = constants;
    if (temperature.table) {
      const double value = read(temperature);
      f.temperature = A(value);
      f.inverse_temperature = A(1 / value);
    }
    if (sink.task_weight.table) f.task_weight = A(read(sink.task_weight));
    if (sink.distill_weight.table) f.distill_weight = A(read(sink.distill_weight));
    return f;
  }

  /// A row without labels counts, but has no task term.
  __device__ __forceinline__ RowLabels labels_of(const LabelWeights<A>& weights, int64_t row) const {
    return labels ? row_labels(labels, second, weights, row, cols) : RowLabels{};
  }
};

/// What loss and gradient of a row are made of. Maxima are subtracted in every exponent.
template <class A>
struct DistillSums {
  A student_max, teacher_max;
  A exp_sum;      // sum e^(s - max)
  A student_sum;  // sum e^((s - max)/T)
  A teacher_sum;  // sum e^((t - max)/T)
  A cross;        // sum e^((t - max)/T) (t - s)/T
  A sum;          // sum s, for label smoothing
  A rank;         // number of classes that come before the label's
};

/// Adds the loss of a row to the sums of its block. `target` is its target_logit.
template <class T, class V, class A>
__device__ __forceinline__ void add_row_loss(const DistillLogits<T, V>& p, const DistillFactors<A>& f, int64_t row,
                                             int label, A target, const DistillSums<A>& r, LossSums& sums) {
  if (label == kBadLabel) add_bad_row(sums, row);
  if (label < kNoLabel) return;
  A task = 0, loss = 0;
  if (label >= 0) {
    task = math::log(r.exp_sum) + (r.student_max - target);
    if (p.smoothing != 0) task += p.smoothing * (target - r.sum / A(p.cols));
    loss += f.task_weight == 0 ? A(0) : f.task_weight * task;
  }
  // KL(q || p) = sum q ((t - s)/T) + ln(sum e^(s/T)) - ln(sum e^(t/T)), with the maxima drawn out of the two sums.
  const A divergence = r.cross / r.teacher_sum + math::log(r.student_sum / r.teacher_sum) +
                       (r.student_max - r.teacher_max) * f.inverse_temperature;
  const A distill = f.temperature * f.temperature * (divergence < 0 ? A(0) : divergence);  // below 0 by rounding alone
  loss += f.distill_weight * distill;
  add_row(sums, task, distill, loss, label >= 0 && r.rank == 0);
}

/// gradient = task (e^(s - max) - [c = label] label - [c = second] second - uniform)
///          + distill (e^((s - max)/T) - e^((t - max)/T) ratio)
/// In this form the second line is exactly zero where the teacher is the student, however the compiler contracts it.
template <class A>
struct DistillGrad {
  A task, label, second, uniform, distill, ratio;
};

/// `share` is the weight of a row in the mean.
template <class T, class V, class A>
__device__ __forceinline__ DistillGrad<A> row_grad(const DistillLogits<T, V>& p, const DistillFactors<A>& f,
                                                   const LabelWeights<A>& weights, A share, int label,
                                                   const DistillSums<A>& r) {
  const A labelled = (A(1) - p.smoothing) * r.exp_sum;
  return {.task = label >= 0 ? f.task_weight * share / r.exp_sum : A(0),
          .label = labelled * weights.label,
          .second = labelled * weights.second,
          .uniform = p.smoothing / A(p.cols) * r.exp_sum,
          .distill = f.distill_weight * f.temperature * share / r.student_sum,
          .ratio = r.student_sum / r.teacher_sum};
}

}  // namespace cucurbit::kernels
