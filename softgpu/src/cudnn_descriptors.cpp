#include <limits>
#include <new>

#include "cudnn_context.h"

/// Creates, sets and reads the descriptors of cuDNN.

namespace {

template <class Descriptor>
cudnnStatus_t create(Descriptor** descriptor) {
  if (descriptor == nullptr) return CUDNN_STATUS_BAD_PARAM;
  *descriptor = new (std::nothrow) Descriptor;
  return *descriptor == nullptr ? CUDNN_STATUS_ALLOC_FAILED : CUDNN_STATUS_SUCCESS;
}

template <class Descriptor>
cudnnStatus_t destroy(Descriptor* descriptor) {
  delete descriptor;
  return CUDNN_STATUS_SUCCESS;
}

bool known(cudnnDataType_t type) {
  switch (type) {
    case CUDNN_DATA_FLOAT:
    case CUDNN_DATA_DOUBLE:
    case CUDNN_DATA_HALF:
    case CUDNN_DATA_INT8:
    case CUDNN_DATA_INT32:
    case CUDNN_DATA_UINT8:
    case CUDNN_DATA_BFLOAT16:
    case CUDNN_DATA_INT64:
      return true;
  }
  return false;
}

bool known(cudnnTensorFormat_t format) { return format >= CUDNN_TENSOR_NCHW && format <= CUDNN_TENSOR_NCHW_VECT_C; }

bool positive(int a, int b, int c, int d) { return a > 0 && b > 0 && c > 0 && d > 0; }

/// cuDNN takes at most 2^31 - 1 elements. The factors are positive ints, so no partial product overflows unseen.
bool fits(int a, int b, int c, int d) {
  constexpr int64_t kMost = std::numeric_limits<int>::max();
  int64_t product = a;
  for (const int factor : {b, c, d}) {
    if (product > kMost / factor) return false;
    product *= factor;
  }
  return true;
}

template <class T>
void put(T* where, T value) {
  if (where != nullptr) *where = value;
}

}  // namespace

cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t* tensorDesc) { return create(tensorDesc); }
cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t tensorDesc) { return destroy(tensorDesc); }
cudnnStatus_t cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t* filterDesc) { return create(filterDesc); }
cudnnStatus_t cudnnDestroyFilterDescriptor(cudnnFilterDescriptor_t filterDesc) { return destroy(filterDesc); }
cudnnStatus_t cudnnCreateConvolutionDescriptor(cudnnConvolutionDescriptor_t* convDesc) { return create(convDesc); }
cudnnStatus_t cudnnDestroyConvolutionDescriptor(cudnnConvolutionDescriptor_t convDesc) { return destroy(convDesc); }

cudnnStatus_t cudnnCreateActivationDescriptor(cudnnActivationDescriptor_t* activationDesc) {
  return create(activationDesc);
}

cudnnStatus_t cudnnDestroyActivationDescriptor(cudnnActivationDescriptor_t activationDesc) {
  return destroy(activationDesc);
}

cudnnStatus_t cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t tensorDesc, cudnnTensorFormat_t format,
                                         cudnnDataType_t dataType, int n, int c, int h, int w) {
  if (!known(format) || !positive(n, c, h, w)) return CUDNN_STATUS_BAD_PARAM;
  if (format == CUDNN_TENSOR_NCHW_VECT_C || !fits(n, c, h, w)) return CUDNN_STATUS_NOT_SUPPORTED;
  return format == CUDNN_TENSOR_NHWC
             ? cudnnSetTensor4dDescriptorEx(tensorDesc, dataType, n, c, h, w, h * w * c, 1, w * c, c)
             : cudnnSetTensor4dDescriptorEx(tensorDesc, dataType, n, c, h, w, c * h * w, h * w, w, 1);
}

cudnnStatus_t cudnnSetTensor4dDescriptorEx(cudnnTensorDescriptor_t tensorDesc, cudnnDataType_t dataType, int n, int c,
                                           int h, int w, int nStride, int cStride, int hStride, int wStride) {
  if (tensorDesc == nullptr || !known(dataType) || !positive(n, c, h, w) ||
      !positive(nStride, cStride, hStride, wStride)) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  if (!fits(n, c, h, w)) return CUDNN_STATUS_NOT_SUPPORTED;
  *tensorDesc = {dataType, n, c, h, w, nStride, cStride, hStride, wStride};
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetTensor4dDescriptor(const cudnnTensorDescriptor_t tensorDesc, cudnnDataType_t* dataType, int* n,
                                         int* c, int* h, int* w, int* nStride, int* cStride, int* hStride,
                                         int* wStride) {
  if (tensorDesc == nullptr) return CUDNN_STATUS_BAD_PARAM;
  put(dataType, tensorDesc->type);
  put(n, tensorDesc->n);
  put(c, tensorDesc->c);
  put(h, tensorDesc->h);
  put(w, tensorDesc->w);
  put(nStride, tensorDesc->n_stride);
  put(cStride, tensorDesc->c_stride);
  put(hStride, tensorDesc->h_stride);
  put(wStride, tensorDesc->w_stride);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t filterDesc, cudnnDataType_t dataType,
                                         cudnnTensorFormat_t format, int k, int c, int h, int w) {
  if (filterDesc == nullptr || !known(dataType) || !known(format) || !positive(k, c, h, w)) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  if (format == CUDNN_TENSOR_NCHW_VECT_C || !fits(k, c, h, w)) return CUDNN_STATUS_NOT_SUPPORTED;
  *filterDesc = {dataType, format, k, c, h, w};
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetFilter4dDescriptor(const cudnnFilterDescriptor_t filterDesc, cudnnDataType_t* dataType,
                                         cudnnTensorFormat_t* format, int* k, int* c, int* h, int* w) {
  if (filterDesc == nullptr) return CUDNN_STATUS_BAD_PARAM;
  put(dataType, filterDesc->type);
  put(format, filterDesc->format);
  put(k, filterDesc->k);
  put(c, filterDesc->c);
  put(h, filterDesc->h);
  put(w, filterDesc->w);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t convDesc, int pad_h, int pad_w, int u, int v,
                                              int dilation_h, int dilation_w, cudnnConvolutionMode_t mode,
                                              cudnnDataType_t computeType) {
  if (convDesc == nullptr || pad_h < 0 || pad_w < 0 || !positive(u, v, dilation_h, dilation_w) ||
      (mode != CUDNN_CONVOLUTION && mode != CUDNN_CROSS_CORRELATION) || !known(computeType)) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  *convDesc = {pad_h, pad_w, u, v, dilation_h, dilation_w, mode, computeType, convDesc->groups, convDesc->math_type};
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetConvolution2dDescriptor(const cudnnConvolutionDescriptor_t convDesc, int* pad_h, int* pad_w,
                                              int* u, int* v, int* dilation_h, int* dilation_w,
                                              cudnnConvolutionMode_t* mode, cudnnDataType_t* computeType) {
  if (convDesc == nullptr) return CUDNN_STATUS_BAD_PARAM;
  put(pad_h, convDesc->pad_h);
  put(pad_w, convDesc->pad_w);
  put(u, convDesc->u);
  put(v, convDesc->v);
  put(dilation_h, convDesc->dilation_h);
  put(dilation_w, convDesc->dilation_w);
  put(mode, convDesc->mode);
  put(computeType, convDesc->compute_type);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetConvolutionGroupCount(cudnnConvolutionDescriptor_t convDesc, int groupCount) {
  if (convDesc == nullptr || groupCount < 1) return CUDNN_STATUS_BAD_PARAM;
  convDesc->groups = groupCount;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetConvolutionGroupCount(cudnnConvolutionDescriptor_t convDesc, int* groupCount) {
  if (convDesc == nullptr || groupCount == nullptr) return CUDNN_STATUS_BAD_PARAM;
  *groupCount = convDesc->groups;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t convDesc, cudnnMathType_t mathType) {
  if (convDesc == nullptr || mathType < CUDNN_DEFAULT_MATH || mathType > CUDNN_FMA_MATH) return CUDNN_STATUS_BAD_PARAM;
  convDesc->math_type = mathType;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnGetConvolutionMathType(cudnnConvolutionDescriptor_t convDesc, cudnnMathType_t* mathType) {
  if (convDesc == nullptr || mathType == nullptr) return CUDNN_STATUS_BAD_PARAM;
  *mathType = convDesc->math_type;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetActivationDescriptor(cudnnActivationDescriptor_t activationDesc, cudnnActivationMode_t mode,
                                           cudnnNanPropagation_t reluNanOpt, double /*coef*/) {
  if (activationDesc == nullptr || mode < CUDNN_ACTIVATION_SIGMOID || mode > CUDNN_ACTIVATION_SWISH ||
      (reluNanOpt != CUDNN_NOT_PROPAGATE_NAN && reluNanOpt != CUDNN_PROPAGATE_NAN)) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  *activationDesc = {true, mode, reluNanOpt};
  return CUDNN_STATUS_SUCCESS;
}
