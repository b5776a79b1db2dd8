#pragma once

#include <cudnn.h>

#include <string>

#include "vendor_buffers.h"

/// Shapes, descriptors and an oracle for the tests of cuDNN.

namespace vendor_test {

template <class T>
constexpr cudnnDataType_t kCudnnType = std::is_same_v<T, double>  ? CUDNN_DATA_DOUBLE
                                       : std::is_same_v<T, float> ? CUDNN_DATA_FLOAT
                                                                  : CUDNN_DATA_BFLOAT16;

struct Shape {
  int n = 2, h = 7, w = 6, c = 8, k = 16, r = 3, s = 3;
  int pad_h = 1, pad_w = 1, stride_h = 1, stride_w = 1, dilation_h = 1, dilation_w = 1, groups = 1;

  int p() const { return 1 + (h + 2 * pad_h - dilation_h * (r - 1) - 1) / stride_h; }
  int q() const { return 1 + (w + 2 * pad_w - dilation_w * (s - 1) - 1) / stride_w; }
  int depth() const { return c / groups; }
  int64_t x_size() const { return int64_t{n} * h * w * c; }
  int64_t y_size() const { return int64_t{n} * p() * q() * k; }
  int64_t filter_size() const { return int64_t{k} * r * s * depth(); }
  std::string name() const {
    return testing::PrintToString(
        std::vector<int>{n, h, w, c, k, r, s, pad_h, pad_w, stride_h, stride_w, dilation_h, dilation_w, groups});
  }
};

/// The three products by definition: visits every triple of offsets into x, filter and y that contribute to them.
template <class Visit>
void for_each_product(const Shape& t, Visit visit) {
  for (int n = 0; n < t.n; ++n)
    for (int p = 0; p < t.p(); ++p)
      for (int q = 0; q < t.q(); ++q)
        for (int k = 0; k < t.k; ++k)
          for (int r = 0; r < t.r; ++r)
            for (int s = 0; s < t.s; ++s) {
              const int h = p * t.stride_h - t.pad_h + r * t.dilation_h;
              const int w = q * t.stride_w - t.pad_w + s * t.dilation_w;
              if (h < 0 || h >= t.h || w < 0 || w >= t.w) continue;
              for (int i = 0; i < t.depth(); ++i) {
                const int c = k / (t.k / t.groups) * t.depth() + i;
                visit(((n * t.h + h) * t.w + w) * t.c + c, ((k * t.r + r) * t.s + s) * t.depth() + i,
                      ((n * t.p() + p) * t.q() + q) * t.k + k);
              }
            }
}

/// Descriptors and a handle for one shape and type.
class Layer {
 public:
  Layer(const Shape& shape, cudnnDataType_t type) {
    EXPECT_EQ(cudnnCreate(&handle), CUDNN_STATUS_SUCCESS);
    EXPECT_EQ(cudnnCreateTensorDescriptor(&x), CUDNN_STATUS_SUCCESS);
    EXPECT_EQ(cudnnCreateTensorDescriptor(&y), CUDNN_STATUS_SUCCESS);
    EXPECT_EQ(cudnnCreateTensorDescriptor(&bias), CUDNN_STATUS_SUCCESS);
    EXPECT_EQ(cudnnCreateFilterDescriptor(&filter), CUDNN_STATUS_SUCCESS);
    EXPECT_EQ(cudnnCreateConvolutionDescriptor(&conv), CUDNN_STATUS_SUCCESS);
    EXPECT_EQ(cudnnCreateActivationDescriptor(&activation), CUDNN_STATUS_SUCCESS);
    set(shape, type);
  }
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;
  ~Layer() {
    cudaFree(workspace);
    EXPECT_EQ(cudnnDestroyActivationDescriptor(activation), CUDNN_STATUS_SUCCESS);
    EXPECT_EQ(cudnnDestroyConvolutionDescriptor(conv), CUDNN_STATUS_SUCCESS);
    EXPECT_EQ(cudnnDestroyFilterDescriptor(filter), CUDNN_STATUS_SUCCESS);
    EXPECT_EQ(cudnnDestroyTensorDescriptor(bias), CUDNN_STATUS_SUCCESS);
    EXPECT_EQ(cudnnDestroyTensorDescriptor(y), CUDNN_STATUS_SUCCESS);
    EXPECT_EQ(cudnnDestroyTensorDescriptor(x), CUDNN_STATUS_SUCCESS);
    EXPECT_EQ(cudnnDestroy(handle), CUDNN_STATUS_SUCCESS);
  }

  void set(const Shape& t, cudnnDataType_t type) {
    const cudnnDataType_t compute = type == CUDNN_DATA_DOUBLE ? CUDNN_DATA_DOUBLE : CUDNN_DATA_FLOAT;
    EXPECT_EQ(cudnnSetTensor4dDescriptor(x, CUDNN_TENSOR_NHWC, type, t.n, t.c, t.h, t.w), CUDNN_STATUS_SUCCESS);
    EXPECT_EQ(cudnnSetTensor4dDescriptor(y, CUDNN_TENSOR_NHWC, type, t.n, t.k, t.p(), t.q()), CUDNN_STATUS_SUCCESS);
    EXPECT_EQ(cudnnSetTensor4dDescriptor(bias, CUDNN_TENSOR_NHWC, type, 1, t.k, 1, 1), CUDNN_STATUS_SUCCESS);
    EXPECT_EQ(cudnnSetFilter4dDescriptor(filter, type, CUDNN_TENSOR_NHWC, t.k, t.depth(), t.r, t.s),
              CUDNN_STATUS_SUCCESS);
    EXPECT_EQ(cudnnSetConvolution2dDescriptor(conv, t.pad_h, t.pad_w, t.stride_h, t.stride_w, t.dilation_h,
                                              t.dilation_w, CUDNN_CROSS_CORRELATION, compute),
              CUDNN_STATUS_SUCCESS);
    EXPECT_EQ(cudnnSetConvolutionGroupCount(conv, t.groups), CUDNN_STATUS_SUCCESS);
  }

  /// Allocates the workspace that the three operations ask for.
  void reserve() {
    size_t forward = 0, data = 0, weights = 0;
    EXPECT_EQ(cudnnGetConvolutionForwardWorkspaceSize(handle, x, filter, conv, y, kForward, &forward),
              CUDNN_STATUS_SUCCESS);
    EXPECT_EQ(cudnnGetConvolutionBackwardDataWorkspaceSize(handle, filter, y, conv, x, kData, &data),
              CUDNN_STATUS_SUCCESS);
    EXPECT_EQ(cudnnGetConvolutionBackwardFilterWorkspaceSize(handle, x, y, conv, filter, kFilter, &weights),
              CUDNN_STATUS_SUCCESS);
    bytes = std::max({forward, data, weights, size_t{1}});
    EXPECT_EQ(cudaMalloc(&workspace, bytes), cudaSuccess);
  }

  static constexpr auto kForward = CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM;
  static constexpr auto kData = CUDNN_CONVOLUTION_BWD_DATA_ALGO_1;
  static constexpr auto kFilter = CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1;

  cudnnHandle_t handle = nullptr;
  cudnnTensorDescriptor_t x = nullptr, y = nullptr, bias = nullptr;
  cudnnFilterDescriptor_t filter = nullptr;
  cudnnConvolutionDescriptor_t conv = nullptr;
  cudnnActivationDescriptor_t activation = nullptr;
  void* workspace = nullptr;
  size_t bytes = 0;
};

/// A host scalar of the type that cuDNN reads for tensors of type T.
template <class T>
using Scalar = std::conditional_t<std::is_same_v<T, double>, double, float>;

/// Error bound of a sum of `terms` products of values below 1, rounded to T.
template <class T>
double tolerance(int64_t terms, double scale = 1.0) {
  return scale * (4.0 * kEpsilon<T> * std::sqrt(static_cast<double>(terms) + 1.0) +
                  (std::is_same_v<T, double> ? 0x1p-48 : 0x1p-20) * static_cast<double>(terms));
}

}  // namespace vendor_test
