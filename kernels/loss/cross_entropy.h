#pragma once

#include "kernels/loss/logit_loss.h"

namespace cucurbit::kernels {

/// Cross-entropy of softmax(logits) with labels, its gradient, and the top-1 count, in one pass over the logits:
///
///   loss = 1/n sum_r [ lse_r - (1 - a) x[r,y_r] - a/C sum_c x[r,c] ],     lse_r = ln sum_c exp(x[r,c])
///   gradient[r,c] = ( softmax(x)[r,c] - (1 - a) [c = y_r] - a/C ) / n
///
/// with a = label_smoothing (PyTorch's definition) and n the number of counted rows; n = 0 gives loss 0, gradient 0.
///
///   logits  [rows, classes] row-major, classes >= 1, rows >= 0
///   labels  i32 [rows]: a class, or kIgnoreIndex
///   second  further labels, see SecondLabels
///
/// The gradient may not be the logits. A label that is neither makes the loss NaN, is counted in metrics->bad_labels
/// and is never used as an index; its row's gradient is zero. A row with NaN or +inf gives a NaN loss. T: float, bf16,
/// double; computed in acc_t<T>, summed in double. Deterministic.
template <class T>
void cross_entropy(const T* logits, const int32_t* labels, const SecondLabels& second, int64_t rows, int classes,
                   double label_smoothing, const LogitLossOutputs<T>& outputs, cudaStream_t stream);

}  // namespace cucurbit::kernels
