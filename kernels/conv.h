#pragma once

#include "kernels/types.h"

namespace cucurbit::kernels {

/// A two-dimensional convolution (cross-correlation): input [N,H,W,C], filter [K,R,S,C/groups], output [N,P,Q,K].
/// Output channel k of group g = k / (K/groups) reads the C/groups input channels from g C/groups on.
struct ConvShape {
  int64_t n;
  int h, w, c;  // input
  int k, r, s;  // filter
  int p, q;     // output
  int groups = 1;
  int stride_h = 1, stride_w = 1, pad_h = 0, pad_w = 0, dilation_h = 1, dilation_w = 1;

  int64_t filter_size() const { return int64_t(k) * r * s * (c / groups); }
  bool operator==(const ConvShape&) const = default;
};

/// Rows and columns of the output: floor((size + 2 pad - dilation (filter - 1) - 1) / stride) + 1; not positive if the
/// filter does not fit.
constexpr int conv_output_size(int size, int filter, int stride, int pad, int dilation) {
  const int room = size + 2 * pad - dilation * (filter - 1) - 1;
  return room < 0 ? 0 : room / stride + 1;
}

/// The largest N H W, N P Q and K R S C that the kernels below index.
inline constexpr int64_t kConvLimit = INT32_MAX;

/// y[n,p,q,k] = sum over r, s, c of x[n, p stride - pad + r dilation, q stride - pad + s dilation, c] w[k,r,s,c], zero
/// outside of x. Overwrites y, which overlaps no input. An implicit GEMM: [N P Q, R S C] by [R S C, K], nothing is
/// unrolled in memory. Accumulates in acc_t<T> over ascending (r, s, c). Deterministic. n may be 0.
template <class T>
void conv_forward(const ConvShape& shape, const T* x, const T* w, T* y, cudaStream_t stream);

/// dx[n,h,w,c] (+)= sum over r, s, k of dy[n,p,q,k] w[k,r,s,c] for the p, q that read (h, w). Overwrites dx, or adds to
/// it if `accumulate`. Deterministic: every element of dx gathers its terms over ascending (r, s, k).
template <class T>
void conv_data_gradient(const ConvShape& shape, const T* w, const T* dy, T* dx, bool accumulate, cudaStream_t stream);

/// Bytes of workspace that conv_filter_gradient needs for element type T.
template <class T>
size_t conv_filter_gradient_workspace(const ConvShape& shape);

/// dw[k,r,s,c] (+)= sum over n, p, q of dy[n,p,q,k] x[n,h,w,c]. D is T or acc_t<T>. Overwrites dw, or adds to it if
/// `accumulate`. `workspace`: conv_filter_gradient_workspace<T>(shape) bytes, aligned to 16. Deterministic: the sum
/// over n, p, q is cut into pieces, summed by different blocks and added in ascending order.
template <class T, class D>
void conv_filter_gradient(const ConvShape& shape, const T* x, const T* dy, D* dw, bool accumulate, void* workspace,
                          cudaStream_t stream);

}  // namespace cucurbit::kernels
