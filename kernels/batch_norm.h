#pragma once

#include "kernels/activation.h"

/// Batch normalisation over the rows of x [rows, channels] (rows = N H W of NHWC), fused with an addition and an
/// activation:
///
///   y = act(gamma (x - mean) invstd + beta + residual),   invstd = 1 / sqrt(variance + epsilon)
///
/// Ioffe and Szegedy 2015. Everything per channel is of the accumulator type A = acc_t<T>, [channels]. All functions
/// are deterministic: sums are taken in fixed chunks of rows and merged in a fixed order.
namespace cucurbit::kernels {

/// Elements of type acc_t<T> that batch_statistics and batch_norm_sums need as workspace.
int64_t batch_norm_workspace(int64_t rows, int channels);

/// mean and invstd of every channel of x, with the biased variance; and, where running_mean is not null,
///
///   running_mean     = (1 - momentum) running_mean + momentum mean
///   running_variance = (1 - momentum) running_variance + momentum variance rows / (rows - 1)
///
/// Every lane of a block sums a few dozen values of a channel about the first of them, k: with s = sum (x - k) and
/// q = sum (x - k)^2 their squared deviations are q - s^2 / n, whose relative error is at most about n eps since k is
/// one of the values. Lanes, then chunks of rows, are merged exactly (Chan et al.): M2 = sum M2_b + sum n_b (mean_b -
/// mean)^2. So a mean far larger than the deviation, or an outlier, does no harm beyond the rounding of x itself.
///
///   rows >= 1; rows >= 2 with running statistics. workspace [batch_norm_workspace(rows, channels)].
template <class T>
void batch_statistics(const T* x, int64_t rows, int channels, double epsilon, double momentum, acc_t<T>* running_mean,
                      acc_t<T>* running_variance, acc_t<T>* mean, acc_t<T>* invstd, acc_t<T>* workspace,
                      cudaStream_t stream);

/// Inference: mean = running_mean, invstd = 1 / sqrt(running_variance + epsilon). A: float, double.
template <class A>
void frozen_statistics(const A* running_mean, const A* running_variance, int channels, double epsilon, A* mean,
                       A* invstd, cudaStream_t stream);

/// The layer's parameters and statistics, all [channels].
template <class A>
struct ChannelAffine {
  const A *mean, *invstd, *gamma, *beta;
};

/// y = act(gamma (x - mean) invstd + beta + residual).
///
///   x, y [rows, channels]; residual the same, or null for none. y is overwritten and aliases nothing.
template <class T>
void batch_norm(const T* x, const T* residual, ChannelAffine<acc_t<T>> affine, T* y, int64_t rows, int channels,
                Activation activation, cudaStream_t stream);

/// What the backward passes read. With z = gamma (x - mean) invstd + beta + residual, they need dz = dy act'(z).
///
///   x, dy [rows, channels]
///   saved: null if there was no residual (z is computed again from x, which costs less than reading y); else the
///          residual if needs_input(activation), or y. Unused for identity.
template <class T>
struct BatchNormSaved {
  const T *x, *dy, *saved;
  ChannelAffine<acc_t<T>> affine;
  int64_t rows;
  int channels;
  Activation activation;
};

/// A per-channel gradient to be written, or added to; nothing is done if it is null.
template <class A>
struct ChannelGradient {
  A* value = nullptr;
  bool accumulate = false;
};

/// sums [2, channels] = (sum dz, sum dz (x - mean) invstd): the gradients of beta and gamma, which are also written.
///
///   sums is overwritten. workspace [batch_norm_workspace(rows, channels)].
template <class T>
void batch_norm_sums(const BatchNormSaved<T>& saved, ChannelGradient<acc_t<T>> dgamma, ChannelGradient<acc_t<T>> dbeta,
                     acc_t<T>* sums, acc_t<T>* workspace, cudaStream_t stream);

/// dx = gamma invstd (dz - sum dz / rows - (x - mean) invstd^2 sum dz (x - mean) / rows) and dresidual = dz.
///
///   sums: of batch_norm_sums; null for frozen statistics: dx = gamma invstd dz.
///   dx, dresidual [rows, channels], or null where not needed; overwritten, or added to. They alias nothing.
template <class T>
void batch_norm_backward(const BatchNormSaved<T>& saved, const acc_t<T>* sums, T* dx, bool accumulate_dx, T* dresidual,
                         bool accumulate_dresidual, cudaStream_t stream);

}  // namespace cucurbit::kernels
