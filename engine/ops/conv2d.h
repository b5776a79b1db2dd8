#pragma once

#include "engine/tensor.h"

/// Two-dimensional convolution (cross-correlation), activations NHWC, filters KRSC.
namespace cucurbit {

/// Each value applies to both axes.
struct Conv2dGeometry {
  int stride = 1;
  int padding = 0;
  int dilation = 1;
  int groups = 1;
};

/// [N, H, W, C] and [K, R, S, C / groups] -> [N, P, Q, K], P = (H + 2 padding - dilation (R - 1) - 1) / stride + 1.
/// Throws Error if channels or groups do not match, the output would be empty, or a tensor exceeds 2^31 - 1 elements.
Shape conv2d_output_shape(const Shape& x, const Shape& filter, const Conv2dGeometry& geometry);

/// y[n,p,q,k] = bias[k] + sum over r, s, c of x[n, p stride - padding + r dilation, ..., c] filter[k,r,s,c], where x is
/// zero outside its bounds.
///
///   x [N,H,W,C]; filter [K,R,S,C/groups] of x's type; bias [K] of its accumulator type, or undefined; y [N,P,Q,K].
///
/// Runs on cuDNN or on our own kernels as math_mode() says. Our own kernels also compute f64, empty batches, shapes for
/// which cuDNN has no deterministic NHWC algorithm, and filter gradients of depthwise convolutions with at most four
/// output pixels per channel; in builds without cuDNN, everything. Gradients flow to x, filter and bias. If the
/// gradient of a bf16 filter is accumulated in f32, our kernels write f32, whereas the bf16 result of cuDNN is
/// converted. Deterministic. Throws Error as conv2d_output_shape does, and if types do not match.
Tensor conv2d(const Tensor& x, const Tensor& filter, const Tensor& bias, const Conv2dGeometry& geometry = {});

}  // namespace cucurbit
