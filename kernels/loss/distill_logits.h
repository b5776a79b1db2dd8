#pragma once

#include "kernels/loss/logit_loss.h"
#include "kernels/step_value.h"

namespace cucurbit::kernels {

/// loss = task_weight * task + distill_weight * distill. Each of the three may be a table of values over the steps of a
/// training, which a captured launch follows.
struct DistillWeights {
  StepValue<double> temperature;  // > 0
  StepValue<double> task_weight;
  StepValue<double> distill_weight;
  double label_smoothing = 0;  // of the task term, as in cross_entropy
};

/// Knowledge distillation on logits (Hinton, Vinyals, Dean 2015), its gradient, and the top-1 count, in one read of
/// each logit and one write of the gradient. With p = softmax(s/T), q = softmax(t/T), p1 = softmax(s), and n counted
/// rows:
///
///   task = -1/n sum_r ln p1[r,y_r]         distill = T^2/n sum_r sum_c q[r,c] ln(q[r,c] / p[r,c])
///   gradient = [ task_weight (p1 - [c = y]) + distill_weight T (p - q) ] / n
///
///   student [rows, classes], teacher [rows, classes] row-major, classes >= 1, rows >= 0
///   labels  i32 [rows]: a class, or kIgnoreIndex: the row counts in neither term. Null: all rows count, task = 0.
///   second  further labels, see SecondLabels; not without labels
///   weights rounded to acc_t<T>, whether constant or from a table: the results are equal bit by bit
///
/// The gradient may not be the student's or the teacher's logits. Labels that are neither: as in cross_entropy. The
/// distillation term of a row is never negative; it carries an absolute error of some T^2 eps. Where q is 0, q ln(q/p)
/// is 0. T, V: float, float; bf16, bf16; bf16, float; float, bf16; double, double. Computed in acc_t<T>, summed in
/// double. Deterministic.
template <class T, class V>
void distill_logits(const T* student, const V* teacher, const int32_t* labels, const SecondLabels& second, int64_t rows,
                    int classes, const DistillWeights& weights, const LogitLossOutputs<T>& outputs,
                    cudaStream_t stream);

}  // namespace cucurbit::kernels
