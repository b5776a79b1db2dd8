#pragma once

#include <cstdint>

#include "cudnn.h"
#include "dnnl_plan.h"

/// The state behind cuDNN handles and descriptors, and a checked convolution.

struct cudnnContext {
  cudaStream_t stream = nullptr;
  softgpu::onednn::Scratch scratch;  // products that are scaled afterwards
  softgpu::onednn::Scratch layouts;  // operands in oneDNN's layouts
};

/// A descriptor that was created but never set has n == 0 (k == 0, u == 0).
struct cudnnTensorStruct {
  cudnnDataType_t type = CUDNN_DATA_FLOAT;
  int n = 0, c = 0, h = 0, w = 0;
  int n_stride = 0, c_stride = 0, h_stride = 0, w_stride = 0;
};

struct cudnnFilterStruct {
  cudnnDataType_t type = CUDNN_DATA_FLOAT;
  cudnnTensorFormat_t format = CUDNN_TENSOR_NCHW;
  int k = 0, c = 0, h = 0, w = 0;
};

struct cudnnConvolutionStruct {
  int pad_h = 0, pad_w = 0, u = 0, v = 0, dilation_h = 0, dilation_w = 0;
  cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
  cudnnDataType_t compute_type = CUDNN_DATA_FLOAT;
  int groups = 1;
  cudnnMathType_t math_type = CUDNN_DEFAULT_MATH;
};

struct cudnnActivationStruct {
  bool set = false;
  cudnnActivationMode_t mode = CUDNN_ACTIVATION_IDENTITY;
  cudnnNanPropagation_t nan = CUDNN_NOT_PROPAGATE_NAN;
};

namespace softgpu::cudnn {

/// Bytes of an element of a type that convolutions support.
inline int64_t size_of(cudnnDataType_t type) {
  return type == CUDNN_DATA_DOUBLE ? 8 : type == CUDNN_DATA_FLOAT ? 4 : 2;
}

/// A checked convolution: x [n, h, w, c], filter [k, r, s, c / groups], y [n, p, q, k], one type.
struct Convolution {
  cudnnDataType_t type;
  int64_t n, h, w, c, k, r, s, p, q;
  int64_t pad_h, pad_w, stride_h, stride_w, dilation_h, dilation_w, groups;

  int64_t x_size() const { return n * h * w * c; }
  int64_t y_size() const { return n * p * q * k; }
  int64_t filter_size() const { return k * r * s * (c / groups); }
};

/// Fills `out` from the descriptors of x, filter, convolution and y, or returns the status that tells what is wrong.
cudnnStatus_t resolve(const cudnnTensorStruct* x, const cudnnFilterStruct* filter, const cudnnConvolutionStruct* conv,
                      const cudnnTensorStruct* y, Convolution& out);

/// Whether the strides are those of packed NHWC; strides of dimensions of size 1 do not count.
bool is_packed_nhwc(const cudnnTensorStruct& tensor);

}  // namespace softgpu::cudnn
