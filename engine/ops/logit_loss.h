#pragma once

#include "engine/autograd.h"
#include "engine/runtime/op_scope.h"
#include "engine/runtime/stream.h"
#include "engine/tensor.h"
#include "kernels/loss/logit_loss.h"

namespace cucurbit {

/// Throws Error naming `op` unless logits are [N, C] of a floating-point type, C >= 1, and labels, if defined, i32 [N].
void check_logits_and_labels(const char* op, const Tensor& logits, const Tensor& labels);

/// Computes the scalar loss of `logits` with `launch(Type<T>, kernels::LogitLossOutputs<T>)`, which also writes the
/// gradient if it is needed. The backward pass passes that gradient on, scaled by dL/d(loss) if that is not 1.
template <class Launch>
Tensor logit_loss(const char* op, const Tensor& logits, kernels::StepMetrics* metrics, Launch&& launch) {
  Tensor loss = Tensor::empty({}, accumulator_of(logits.dtype()));
  const Tensor gradient = needs_gradient({logits}) ? Tensor::empty(logits.shape(), logits.dtype()) : Tensor();
  const auto bytes = int64_t(kernels::logit_loss_workspace(logits.dim(0), int(logits.dim(1))));
  const Tensor workspace = Tensor::empty({bytes}, DType::u8);
  const OpScope scope(op, [&] { return moves(logits, gradient ? 2 : 1); });
  dispatch_float(logits.dtype(), op, [&]<class T>(Type<T> type) {
    launch(type, kernels::LogitLossOutputs<T>{.loss = loss.data<acc_t<T>>(),
                                              .gradient = gradient ? gradient.data<T>() : nullptr,
                                              .metrics = metrics,
                                              .workspace = workspace.raw()});
  });
  record(loss, {logits}, [op, logits, gradient](const Tensor& dy) {
    dispatch_float(logits.dtype(), op, [&]<class T>(Type<T>) {
      kernels::scale_gradient(dy.data<acc_t<T>>(), gradient.data<T>(), gradient.size(), stream());
    });
    add_gradient(logits, gradient);
  });
  return loss;
}

}  // namespace cucurbit
