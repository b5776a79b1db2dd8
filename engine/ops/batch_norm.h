#pragma once

#include "engine/tensor.h"
#include "kernels/activation.h"

namespace cucurbit {

struct BatchNormOptions {
  /// True: normalises by the statistics of this batch, and moves the running statistics towards them. False: normalises
  /// by the running statistics, which stay unchanged.
  bool training = true;
  Activation activation = Activation::identity;
  double epsilon = 1e-5;
  double momentum = 0.1;  // running = (1 - momentum) running + momentum batch
};

/// y = act(gamma (x - mean) / sqrt(variance + epsilon) + beta + residual), per channel, the last dimension of x.
///
///   x [..., C], residual of the same shape or undefined; gamma, beta, running_mean, running_variance [C] of the
///   accumulator type of x. running_variance moves towards the unbiased variance, as in PyTorch; both running tensors
///   may be undefined while training, and are written in place.
///
/// Gradients flow to x, gamma, beta and residual, in both modes. Throws Error if shapes or types do not match, and for
/// training on a single row, which has no variance. Unfused: activate(add(batch_norm(x, ...), residual)).
Tensor batch_norm(const Tensor& x, const Tensor& gamma, const Tensor& beta, const Tensor& running_mean,
                  const Tensor& running_variance, const BatchNormOptions& options, const Tensor& residual = {});

}  // namespace cucurbit
