#include "engine/ops/conv2d_backends.h"
#include "engine/runtime/libraries.h"

#if CUCURBIT_HAS_CUDNN
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <vector>

namespace cucurbit {

namespace {
using kernels::ConvShape;

/// The algorithm for one direction, its workspace in bytes, and the convolution descriptor, which holds its math type.
template <class Algorithm>
struct Choice {
  bool asked = false;
  std::optional<Algorithm> algorithm;  // none: cuDNN has no deterministic one
  size_t workspace = 0;
  cudnnMathType_t math{};
  cudnnConvolutionDescriptor_t convolution{};
};

struct Activations {
  cudnnActivationDescriptor_t identity{}, relu{};
};

const Activations& activations() {
  static const Activations made = [] {
    Activations all;
    const auto make = [](cudnnActivationDescriptor_t& descriptor, cudnnActivationMode_t mode) {
      check_cudnn(cudnnCreateActivationDescriptor(&descriptor), "cudnnCreateActivationDescriptor");
      check_cudnn(cudnnSetActivationDescriptor(descriptor, mode, CUDNN_PROPAGATE_NAN, 0),
                  "cudnnSetActivationDescriptor");
    };
    make(all.identity, CUDNN_ACTIVATION_IDENTITY);
    make(all.relu, CUDNN_ACTIVATION_RELU);
    return all;
  }();
  return made;
}

/// The descriptors of one shape and type. They are kept as long as the program runs, since there are few shapes.
struct Plan {
  cudnnTensorDescriptor_t x{}, y{}, bias{};
  cudnnFilterDescriptor_t w{};
  Choice<cudnnConvolutionFwdAlgo_t> forward;
  Choice<cudnnConvolutionBwdDataAlgo_t> data;
  Choice<cudnnConvolutionBwdFilterAlgo_t> filter;
};

constexpr float kOne = 1, kZero = 0;

cudnnDataType_t cudnn_type(DType dtype) { return dtype == DType::bf16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT; }

/// FMA leaves the factors of f32 products unchanged, whereas the default would round them to TF32 for tensor cores.
cudnnMathType_t math_type(DType dtype) { return dtype == DType::f32 ? CUDNN_FMA_MATH : CUDNN_DEFAULT_MATH; }

cudnnConvolutionDescriptor_t make_convolution(const ConvShape& s, DType dtype) {
  cudnnConvolutionDescriptor_t made{};
  check_cudnn(cudnnCreateConvolutionDescriptor(&made), "cudnnCreateConvolutionDescriptor");
  check_cudnn(cudnnSetConvolution2dDescriptor(made, s.pad_h, s.pad_w, s.stride_h, s.stride_w, s.dilation_h,
                                              s.dilation_w, CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT),
              "cudnnSetConvolution2dDescriptor");
  check_cudnn(cudnnSetConvolutionGroupCount(made, s.groups), "cudnnSetConvolutionGroupCount");
  check_cudnn(cudnnSetConvolutionMathType(made, math_type(dtype)), "cudnnSetConvolutionMathType");
  return made;
}

Plan make_plan(const ConvShape& s, DType dtype) {
  Plan plan;
  const cudnnDataType_t type = cudnn_type(dtype);
  check_cudnn(cudnnCreateTensorDescriptor(&plan.x), "cudnnCreateTensorDescriptor");
  check_cudnn(cudnnCreateTensorDescriptor(&plan.y), "cudnnCreateTensorDescriptor");
  check_cudnn(cudnnCreateTensorDescriptor(&plan.bias), "cudnnCreateTensorDescriptor");
  check_cudnn(cudnnCreateFilterDescriptor(&plan.w), "cudnnCreateFilterDescriptor");
  check_cudnn(cudnnSetTensor4dDescriptor(plan.bias, CUDNN_TENSOR_NHWC, type, 1, s.k, 1, 1),
              "cudnnSetTensor4dDescriptor");
  check_cudnn(cudnnSetTensor4dDescriptor(plan.x, CUDNN_TENSOR_NHWC, type, int(s.n), s.c, s.h, s.w),
              "cudnnSetTensor4dDescriptor");
  check_cudnn(cudnnSetTensor4dDescriptor(plan.y, CUDNN_TENSOR_NHWC, type, int(s.n), s.k, s.p, s.q),
              "cudnnSetTensor4dDescriptor");
  check_cudnn(cudnnSetFilter4dDescriptor(plan.w, type, CUDNN_TENSOR_NHWC, s.k, s.c / s.groups, s.r, s.s),
              "cudnnSetFilter4dDescriptor");
  return plan;
}

/// Null where cuDNN is not applicable.
Plan* plan_for(const ConvShape& s, DType dtype) {
  if (dtype == DType::f64 || s.n == 0) return nullptr;
  using Key = std::array<int64_t, 17>;
  static auto* plans = new std::map<Key, Plan>;  // used from one thread, like all ops
  const Key key{s.n,      s.h,        s.w,        s.c,     s.k,     s.r,          s.s,          s.p,           s.q,
                s.groups, s.stride_h, s.stride_w, s.pad_h, s.pad_w, s.dilation_h, s.dilation_w, int64_t(dtype)};
  auto found = plans->find(key);
  if (found == plans->end()) found = plans->emplace(key, make_plan(s, dtype)).first;
  return &found->second;
}

/// True for every kind of "not supported": cuDNN 9 states the reason in the last three digits of a status.
bool is_unsupported(cudnnStatus_t status) {
  return status != CUDNN_STATUS_SUCCESS && int(status) / 1000 == int(CUDNN_STATUS_NOT_SUPPORTED) / 1000;
}

/// The fastest deterministic algorithm by cuDNN's own heuristics: timing runs would make the choice vary between runs.
/// `query(convolution, most, &returned, results)` is one of the cudnnGetConvolution*Algorithm_v7.
template <class Perf, class Algorithm, class Query>
bool choose(Choice<Algorithm>& choice, const ConvShape& shape, DType dtype, const char* name, Query query) {
  if (choice.asked) return choice.algorithm.has_value();
  choice.convolution = make_convolution(shape, dtype);
  constexpr int kMost = 16;
  std::vector<Perf> results(kMost);
  int returned = 0;
  const cudnnStatus_t status = query(choice.convolution, kMost, &returned, results.data());
  if (!is_unsupported(status)) check_cudnn(status, name);
  results.resize(status == CUDNN_STATUS_SUCCESS ? returned : 0);
  const auto found = std::find_if(results.begin(), results.end(), [](const Perf& perf) {
    return perf.status == CUDNN_STATUS_SUCCESS && perf.determinism == CUDNN_DETERMINISTIC;
  });
  choice.asked = true;
  if (found == results.end()) return false;
  if (math_type(dtype) != CUDNN_FMA_MATH)
    check_cudnn(cudnnSetConvolutionMathType(choice.convolution, found->mathType), "cudnnSetConvolutionMathType");
  choice.algorithm = found->algo;
  choice.workspace = found->memory;
  choice.math = found->mathType;
  return true;
}

/// Chooses the forward algorithm of a plan, once; false if there is none. The next two functions choose those of the
/// gradients.
bool choose_forward(Plan* plan, const ConvShape& shape, DType dtype) {
  const auto query = [&](auto convolution, int most, int* returned, cudnnConvolutionFwdAlgoPerf_t* results) {
    return cudnnGetConvolutionForwardAlgorithm_v7(cudnn(), plan->x, plan->w, convolution, plan->y, most, returned,
                                                  results);
  };
  return choose<cudnnConvolutionFwdAlgoPerf_t>(plan->forward, shape, dtype, "cudnnGetConvolutionForwardAlgorithm_v7",
                                               query);
}

bool choose_data(Plan* plan, const ConvShape& shape, DType dtype) {
  const auto query = [&](auto convolution, int most, int* returned, cudnnConvolutionBwdDataAlgoPerf_t* results) {
    return cudnnGetConvolutionBackwardDataAlgorithm_v7(cudnn(), plan->w, plan->y, convolution, plan->x, most, returned,
                                                       results);
  };
  return choose<cudnnConvolutionBwdDataAlgoPerf_t>(plan->data, shape, dtype,
                                                   "cudnnGetConvolutionBackwardDataAlgorithm_v7", query);
}

bool choose_filter(Plan* plan, const ConvShape& shape, DType dtype) {
  const auto query = [&](auto convolution, int most, int* returned, cudnnConvolutionBwdFilterAlgoPerf_t* results) {
    return cudnnGetConvolutionBackwardFilterAlgorithm_v7(cudnn(), plan->x, plan->y, convolution, plan->w, most,
                                                         returned, results);
  };
  return choose<cudnnConvolutionBwdFilterAlgoPerf_t>(plan->filter, shape, dtype,
                                                     "cudnnGetConvolutionBackwardFilterAlgorithm_v7", query);
}

/// True for the algorithms whose arithmetic for 3x3 filters is winograd_arithmetic.
bool is_winograd(cudnnConvolutionFwdAlgo_t algorithm) {
  return algorithm == CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD_NONFUSED;
}
bool is_winograd(cudnnConvolutionBwdDataAlgo_t algorithm) {
  return algorithm == CUDNN_CONVOLUTION_BWD_DATA_ALGO_WINOGRAD_NONFUSED;
}
bool is_winograd(cudnnConvolutionBwdFilterAlgo_t algorithm) {
  return algorithm == CUDNN_CONVOLUTION_BWD_FILTER_ALGO_WINOGRAD_NONFUSED;
}

/// The arithmetic of a chosen algorithm, if it is known. FMA instructions multiply in float, whatever the type of the
/// tensors.
template <class Algorithm>
std::optional<Arithmetic> arithmetic_of(const Choice<Algorithm>& choice, ConvDirection direction,
                                        const ConvShape& shape, DType dtype) {
  if (!is_winograd(*choice.algorithm) || shape.r != 3 || shape.s != 3) return std::nullopt;
  return winograd_arithmetic(direction, shape, choice.math == CUDNN_FMA_MATH ? DType::f32 : dtype);
}

Tensor workspace_of(size_t bytes) { return bytes ? Tensor::empty({int64_t(bytes)}, DType::u8) : Tensor(); }
}  // namespace

std::optional<Arithmetic> vendor_conv_arithmetic(ConvDirection direction, const ConvShape& shape, DType dtype) {
  Plan* plan = plan_for(shape, dtype);
  if (!plan) return std::nullopt;
  const auto known = [&](bool chosen, const auto& choice) {
    return chosen ? arithmetic_of(choice, direction, shape, dtype) : std::nullopt;
  };
  switch (direction) {
    case ConvDirection::forward:
      return known(choose_forward(plan, shape, dtype), plan->forward);
    case ConvDirection::data_gradient:
      return known(choose_data(plan, shape, dtype), plan->data);
    default:
      return known(choose_filter(plan, shape, dtype), plan->filter);
  }
}

bool vendor_conv_forward(const ConvShape& shape, const Tensor& x, const Tensor& w, const Tensor& y) {
  Plan* plan = plan_for(shape, x.dtype());
  if (!plan || !choose_forward(plan, shape, x.dtype())) return false;
  const auto& choice = plan->forward;
  const Tensor workspace = workspace_of(choice.workspace);
  check_cudnn(cudnnConvolutionForward(cudnn(), &kOne, plan->x, x.raw(), plan->w, w.raw(), choice.convolution,
                                      *choice.algorithm, workspace.raw(), choice.workspace, &kZero, plan->y, y.raw()),
              "cudnnConvolutionForward");
  return true;
}

bool vendor_conv_bias_activation(const ConvShape& shape, const Tensor& x, const Tensor& w, const Tensor& bias,
                                 const Tensor& residual, bool relu, const Tensor& y) {
  Plan* plan = plan_for(shape, x.dtype());
  if (!plan || !choose_forward(plan, shape, x.dtype())) return false;
  const auto& choice = plan->forward;
  // Without an activation cuDNN supports this call with one algorithm only.
  const auto algorithm = relu ? *choice.algorithm : CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM;
  size_t bytes = choice.workspace;
  if (!relu)
    check_cudnn(cudnnGetConvolutionForwardWorkspaceSize(cudnn(), plan->x, plan->w, choice.convolution, plan->y,
                                                        algorithm, &bytes),
                "cudnnGetConvolutionForwardWorkspaceSize");
  const Tensor workspace = workspace_of(bytes);
  const cudnnStatus_t status = cudnnConvolutionBiasActivationForward(
      cudnn(), &kOne, plan->x, x.raw(), plan->w, w.raw(), choice.convolution, algorithm, workspace.raw(), bytes,
      residual ? &kOne : &kZero, plan->y, residual ? residual.raw() : y.raw(), plan->bias, bias.raw(),
      relu ? activations().relu : activations().identity, plan->y, y.raw());
  if (is_unsupported(status)) return false;
  check_cudnn(status, "cudnnConvolutionBiasActivationForward");
  return true;
}

bool vendor_conv_data_gradient(const ConvShape& shape, const Tensor& w, const Tensor& dy, const Tensor& dx,
                               bool accumulate) {
  Plan* plan = plan_for(shape, dy.dtype());
  if (!plan || !choose_data(plan, shape, dy.dtype())) return false;
  const auto& choice = plan->data;
  const Tensor workspace = workspace_of(choice.workspace);
  check_cudnn(cudnnConvolutionBackwardData(cudnn(), &kOne, plan->w, w.raw(), plan->y, dy.raw(), choice.convolution,
                                           *choice.algorithm, workspace.raw(), choice.workspace,
                                           accumulate ? &kOne : &kZero, plan->x, dx.raw()),
              "cudnnConvolutionBackwardData");
  return true;
}

bool vendor_conv_filter_gradient(const ConvShape& shape, const Tensor& x, const Tensor& dy, const Tensor& dw,
                                 bool accumulate) {
  Plan* plan = plan_for(shape, x.dtype());
  if (!plan || !choose_filter(plan, shape, x.dtype())) return false;
  const auto& choice = plan->filter;
  const Tensor workspace = workspace_of(choice.workspace);
  check_cudnn(cudnnConvolutionBackwardFilter(cudnn(), &kOne, plan->x, x.raw(), plan->y, dy.raw(), choice.convolution,
                                             *choice.algorithm, workspace.raw(), choice.workspace,
                                             accumulate ? &kOne : &kZero, plan->w, dw.raw()),
              "cudnnConvolutionBackwardFilter");
  return true;
}

}  // namespace cucurbit

#else

namespace cucurbit {

std::optional<Arithmetic> vendor_conv_arithmetic(ConvDirection, const kernels::ConvShape&, DType) { return {}; }
bool vendor_conv_forward(const kernels::ConvShape&, const Tensor&, const Tensor&, const Tensor&) { return false; }
bool vendor_conv_data_gradient(const kernels::ConvShape&, const Tensor&, const Tensor&, const Tensor&, bool) {
  return false;
}
bool vendor_conv_filter_gradient(const kernels::ConvShape&, const Tensor&, const Tensor&, const Tensor&, bool) {
  return false;
}
bool vendor_conv_bias_activation(const kernels::ConvShape&, const Tensor&, const Tensor&, const Tensor&, const Tensor&,
                                 bool, const Tensor&) {
  return false;
}

}  // namespace cucurbit
#endif
