#include "cudnn_context.h"

namespace softgpu::cudnn {
namespace {

/// The size of the output along one dimension; 0 or less when the window does not fit.
int output_size(int input, int window, int pad, int stride, int dilation) {
  const int64_t slack = int64_t{input} + 2 * int64_t{pad} - (int64_t{window} - 1) * dilation - 1;
  return slack < 0 ? 0 : static_cast<int>(1 + slack / stride);
}

bool supported_type(cudnnDataType_t type, cudnnDataType_t compute) {
  if (type == CUDNN_DATA_DOUBLE) return compute == CUDNN_DATA_DOUBLE;
  return (type == CUDNN_DATA_FLOAT || type == CUDNN_DATA_BFLOAT16) && compute == CUDNN_DATA_FLOAT;
}

}  // namespace

bool is_packed_nhwc(const cudnnTensorStruct& t) {
  const auto agrees = [](int size, int stride, int64_t packed) { return size == 1 || stride == packed; };
  return agrees(t.c, t.c_stride, 1) && agrees(t.w, t.w_stride, t.c) && agrees(t.h, t.h_stride, int64_t{t.w} * t.c) &&
         agrees(t.n, t.n_stride, int64_t{t.h} * t.w * t.c);
}

cudnnStatus_t resolve(const cudnnTensorStruct* x, const cudnnFilterStruct* filter, const cudnnConvolutionStruct* conv,
                      const cudnnTensorStruct* y, Convolution& out) {
  if (y == nullptr || y->n == 0) return CUDNN_STATUS_BAD_PARAM;
  cudnnTensorStruct wanted;
  const cudnnStatus_t status = cudnnGetConvolution2dForwardOutputDim(
      const_cast<cudnnConvolutionStruct*>(conv), const_cast<cudnnTensorStruct*>(x),
      const_cast<cudnnFilterStruct*>(filter), &wanted.n, &wanted.c, &wanted.h, &wanted.w);
  if (status != CUDNN_STATUS_SUCCESS) return status;
  const bool shaped = y->n == wanted.n && y->c == wanted.c && y->h == wanted.h && y->w == wanted.w;
  if (!shaped || x->type != y->type) return CUDNN_STATUS_BAD_PARAM;
  const bool nhwc = is_packed_nhwc(*x) && is_packed_nhwc(*y) && filter->format == CUDNN_TENSOR_NHWC;
  if (!nhwc || conv->mode != CUDNN_CROSS_CORRELATION || !supported_type(x->type, conv->compute_type)) {
    return CUDNN_STATUS_NOT_SUPPORTED;
  }
  out = {.type = x->type,
         .n = x->n,
         .h = x->h,
         .w = x->w,
         .c = x->c,
         .k = y->c,
         .r = filter->h,
         .s = filter->w,
         .p = y->h,
         .q = y->w,
         .pad_h = conv->pad_h,
         .pad_w = conv->pad_w,
         .stride_h = conv->u,
         .stride_w = conv->v,
         .dilation_h = conv->dilation_h,
         .dilation_w = conv->dilation_w,
         .groups = conv->groups};
  return CUDNN_STATUS_SUCCESS;
}

}  // namespace softgpu::cudnn

cudnnStatus_t cudnnGetConvolution2dForwardOutputDim(const cudnnConvolutionDescriptor_t convDesc,
                                                    const cudnnTensorDescriptor_t inputTensorDesc,
                                                    const cudnnFilterDescriptor_t filterDesc, int* n, int* c, int* h,
                                                    int* w) {
  const auto* conv = convDesc;
  const auto* x = inputTensorDesc;
  const auto* filter = filterDesc;
  if (conv == nullptr || x == nullptr || filter == nullptr || conv->u == 0 || x->n == 0 || filter->k == 0) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  if (n == nullptr || c == nullptr || h == nullptr || w == nullptr) return CUDNN_STATUS_BAD_PARAM;
  if (x->type != filter->type || int64_t{filter->c} * conv->groups != x->c || filter->k % conv->groups != 0) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  const int p = softgpu::cudnn::output_size(x->h, filter->h, conv->pad_h, conv->u, conv->dilation_h);
  const int q = softgpu::cudnn::output_size(x->w, filter->w, conv->pad_w, conv->v, conv->dilation_w);
  if (p <= 0 || q <= 0) return CUDNN_STATUS_BAD_PARAM;
  *n = x->n;
  *c = filter->k;
  *h = p;
  *w = q;
  return CUDNN_STATUS_SUCCESS;
}
