#include <algorithm>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <utility>

#include "cuda_bf16.h"
#include "cudnn_context.h"
#include "cudnn_f64.h"
#include "cudnn_own.h"
#include "cudnn_plans.h"
#include "dnnl_epilogue.h"
#include "enqueue.h"

namespace {

using softgpu::cudnn::Convolution;
using softgpu::cudnn::Operation;
using softgpu::cudnn::PlanOptions;
using softgpu::onednn::Activation;
using softgpu::onednn::Epilogue;
using softgpu::onednn::Plan;

/// out = f(alpha product(first, second) + beta prior + bias), with the inputs in the order of the plans.
struct Call {
  Operation operation;
  Convolution conv;
  const void* first;
  const void* second;
  void* out;
  double alpha, beta;
  const void* prior;
  const void* bias = nullptr;
  Activation activation = Activation::kIdentity;
  bool winograd = false;
  void* workspace;
  size_t workspace_bytes;

  int64_t rows() const {
    return operation == Operation::kForward        ? conv.n * conv.p * conv.q
           : operation == Operation::kBackwardData ? conv.n * conv.h * conv.w
                                                   : conv.k;
  }
  int64_t out_size() const {
    return operation == Operation::kForward        ? conv.y_size()
           : operation == Operation::kBackwardData ? conv.x_size()
                                                   : conv.filter_size();
  }

  /// Whether the scalars are the common ones, which the primitive handles by itself (but for a ReLU that keeps NaN).
  bool is_direct() const {
    if (conv.type == CUDNN_DATA_DOUBLE || alpha != 1.0) return false;
    return beta == 0.0 || (beta == 1.0 && operation == Operation::kForward && prior == out);
  }
};

std::shared_ptr<const Plan> find_plan(Operation operation, const Convolution& conv, const PlanOptions& options) {
  switch (operation) {
    case Operation::kForward:
      return softgpu::cudnn::forward_plan(conv, options);
    case Operation::kBackwardData:
      return softgpu::cudnn::backward_data_plan(conv, options);
    default:
      return softgpu::cudnn::backward_filter_plan(conv, options);
  }
}

size_t workspace_of(Operation operation, const Convolution& conv, bool winograd) {
  if (winograd) return softgpu::cudnn::winograd_workspace(operation, conv);
  if (conv.type == CUDNN_DATA_DOUBLE) return 0;
  // Calls with a ReLU that turns NaN into 0 use oneDNN's plan for every shape, so its scratch counts as well.
  const size_t own = softgpu::cudnn::has_pointwise(conv) ? softgpu::cudnn::pointwise_workspace(conv) : 0;
  return std::max(own, find_plan(operation, conv, {})->scratch_bytes());
}

std::function<void()> bind_plan(cudnnContext& handle, const Call& call, const PlanOptions& options, void* out) {
  const auto plan = find_plan(call.operation, call.conv, options);
  void* const pointers[] = {const_cast<void*>(call.first), const_cast<void*>(call.second), out,
                            const_cast<void*>(call.bias)};
  std::function<void()> product;
  if (plan->scratch_bytes() <= call.workspace_bytes) {
    product = plan->bind(pointers, call.workspace);
  } else {  // the workspace was sized for the plain convolution, and a variant of it may need more
    auto spare = handle.layouts.at_least(plan->scratch_bytes());
    product = [run = plan->bind(pointers, spare.get()), spare] { run(); };
  }
  if (call.operation != Operation::kBackwardFilter) return product;
  const bool is_float = options.float_output || call.conv.type == CUDNN_DATA_FLOAT;
  return softgpu::cudnn::with_unseen_offsets(std::move(product), call.conv, out,
                                             is_float ? sizeof(float) : sizeof(__nv_bfloat16));
}

std::function<void()> bind_f64(const Call& call, double* out) {
  const auto run = call.operation == Operation::kForward        ? softgpu::cudnn::forward_f64
                   : call.operation == Operation::kBackwardData ? softgpu::cudnn::backward_data_f64
                                                                : softgpu::cudnn::backward_filter_f64;
  return [=, conv = call.conv, first = static_cast<const double*>(call.first),
          second = static_cast<const double*>(call.second)] { run(conv, first, second, out); };
}

/// Computes the product into a buffer of the accumulator's type, unless alpha is 0, and the rest in an epilogue.
template <class Accumulator, class T>
std::function<void()> bind_scaled(cudnnContext& handle, const Call& call) {
  std::function<void()> product;
  std::shared_ptr<std::byte> buffer;
  if (call.alpha != 0.0) {
    buffer = handle.scratch.at_least(static_cast<size_t>(call.out_size()) * sizeof(Accumulator));
    if constexpr (std::is_same_v<Accumulator, double>) {
      product = bind_f64(call, reinterpret_cast<double*>(buffer.get()));
    } else {
      product = bind_plan(handle, call, {.float_output = true}, buffer.get());
    }
  }
  const int64_t cols = call.out_size() / call.rows();
  const Epilogue<Accumulator, T> finish{.rows = call.rows(),
                                        .cols = cols,
                                        .stride = cols,
                                        .alpha = static_cast<Accumulator>(call.alpha),
                                        .beta = static_cast<Accumulator>(call.beta),
                                        .prior = static_cast<const T*>(call.prior),
                                        .bias = static_cast<const T*>(call.bias),
                                        .activation = call.activation};
  return [=, product = std::move(product), buffer = std::move(buffer), out = static_cast<T*>(call.out)] {
    if (product) product();
    finish(product ? reinterpret_cast<const Accumulator*>(buffer.get()) : nullptr, out);
  };
}

/// Runs `product`, then in place a ReLU that passes NaN on. ReLU commutes with the rounding that happened before it.
template <class T>
std::function<void()> with_relu(std::function<void()> product, const Call& call) {
  return [product = std::move(product), out = static_cast<T*>(call.out), size = call.out_size()] {
    product();
    softgpu::onednn::relu_in_place(out, size);
  };
}

softgpu::cudnn::Product product_of(const Call& call) {
  return {.operation = call.operation,
          .conv = call.conv,
          .first = call.first,
          .second = call.second,
          .out = call.out,
          .alpha = static_cast<float>(call.alpha),
          .beta = static_cast<float>(call.beta),
          .prior = call.prior,
          .bias = call.bias,
          .relu = call.activation == Activation::kRelu,
          .workspace = call.workspace};
}

std::function<void()> bind(cudnnContext& handle, const Call& call) {
  if (call.winograd) return softgpu::cudnn::bind_winograd(product_of(call));
  if (call.activation != Activation::kReluDropNan && softgpu::cudnn::has_pointwise(call.conv))
    return softgpu::cudnn::bind_pointwise(product_of(call));
  if (call.is_direct()) {
    const PlanOptions options{.accumulate = call.beta != 0.0,
                              .bias = call.bias != nullptr,
                              .relu = call.activation == Activation::kReluDropNan};
    const std::function<void()> product = bind_plan(handle, call, options, call.out);
    if (call.activation != Activation::kRelu) return product;
    return call.conv.type == CUDNN_DATA_FLOAT ? with_relu<float>(product, call)
                                              : with_relu<__nv_bfloat16>(product, call);
  }
  switch (call.conv.type) {
    case CUDNN_DATA_DOUBLE:
      return bind_scaled<double, double>(handle, call);
    case CUDNN_DATA_FLOAT:
      return bind_scaled<float, float>(handle, call);
    default:
      return bind_scaled<float, __nv_bfloat16>(handle, call);
  }
}

/// Turns the exceptions that the body of a cuDNN function may throw into a status.
template <class Body>
cudnnStatus_t guarded(Body body) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return CUDNN_STATUS_ALLOC_FAILED;
  } catch (const dnnl::error& error) {
    return error.status == dnnl_unimplemented ? CUDNN_STATUS_NOT_SUPPORTED : CUDNN_STATUS_INTERNAL_ERROR;
  } catch (const std::exception&) {
    return CUDNN_STATUS_INTERNAL_ERROR;
  }
}

/// WINOGRAD_NONFUSED, which like cuDNN's is F(4x4, 3x3).
int winograd_algorithm(Operation operation) {
  switch (operation) {
    case Operation::kForward:
      return CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD_NONFUSED;
    case Operation::kBackwardData:
      return CUDNN_CONVOLUTION_BWD_DATA_ALGO_WINOGRAD_NONFUSED;
    default:
      return CUDNN_CONVOLUTION_BWD_FILTER_ALGO_WINOGRAD_NONFUSED;
  }
}

/// Checks the other algorithms, which have the same numbers for all three operations: 1 supports all types, 0 all but
/// bfloat16.
cudnnStatus_t check_algorithm(Operation operation, const Convolution& conv, int algorithm) {
  if (algorithm == 1 || (algorithm == 0 && conv.type != CUDNN_DATA_BFLOAT16)) return CUDNN_STATUS_SUCCESS;
  if (algorithm == winograd_algorithm(operation) && softgpu::cudnn::has_winograd(conv)) return CUDNN_STATUS_SUCCESS;
  return algorithm < 0 || algorithm > 7 ? CUDNN_STATUS_BAD_PARAM : CUDNN_STATUS_NOT_SUPPORTED;
}

const char* name_of(Operation operation) {
  switch (operation) {
    case Operation::kForward:
      return "cudnnConvolutionForward";
    case Operation::kBackwardData:
      return "cudnnConvolutionBackwardData";
    default:
      return "cudnnConvolutionBackwardFilter";
  }
}

std::vector<softgpu::Use> uses_of(const Call& call, size_t workspace_bytes) {
  const int64_t element = softgpu::cudnn::size_of(call.conv.type);
  const auto bytes = [&](int64_t count) { return static_cast<size_t>(count * element); };
  const Convolution& conv = call.conv;
  const int64_t first = call.operation == Operation::kBackwardData ? conv.y_size() : conv.x_size();
  const int64_t second = call.operation == Operation::kBackwardFilter ? conv.y_size() : conv.filter_size();
  std::vector<softgpu::Use> uses;
  if (call.alpha != 0.0) uses = {{call.first, bytes(first), false}, {call.second, bytes(second), false}};
  if (call.beta != 0.0) uses.push_back({call.prior, bytes(call.out_size()), false});
  if (call.bias != nullptr) uses.push_back({call.bias, bytes(conv.k), false});
  if (workspace_bytes > 0) uses.push_back({call.workspace, workspace_bytes, true});
  uses.push_back({call.out, bytes(call.out_size()), true});
  return uses;
}

cudnnStatus_t launch(cudnnContext& handle, const Call& call) {
  if (call.first == nullptr || call.second == nullptr || call.out == nullptr) return CUDNN_STATUS_BAD_PARAM;
  return guarded([&] {
    const size_t needed = workspace_of(call.operation, call.conv, call.winograd);
    if (needed > 0 && (call.workspace == nullptr || call.workspace_bytes < needed)) return CUDNN_STATUS_BAD_PARAM;
    auto uses = softgpu::orders_kept() ? uses_of(call, needed) : std::vector<softgpu::Use>();
    const cudaError_t error =
        softgpu::enqueue(handle.stream, bind(handle, call), name_of(call.operation), std::move(uses));
    return error == cudaSuccess ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_EXECUTION_FAILED;
  });
}

double scalar(const Convolution& conv, const void* value) {
  return conv.type == CUDNN_DATA_DOUBLE ? *static_cast<const double*>(value) : *static_cast<const float*>(value);
}

/// What the three plain convolutions share. Descriptors and inputs are in the order of `resolve` and of the plans.
cudnnStatus_t convolve(Operation operation, cudnnHandle_t handle, const cudnnTensorStruct* x,
                       const cudnnFilterStruct* filter, const cudnnConvolutionStruct* descriptor,
                       const cudnnTensorStruct* y, int algorithm, const void* alpha, const void* first,
                       const void* second, void* workspace, size_t workspace_bytes, const void* beta, void* out) {
  if (handle == nullptr || alpha == nullptr || beta == nullptr) return CUDNN_STATUS_BAD_PARAM;
  Convolution conv;
  if (const auto status = resolve(x, filter, descriptor, y, conv); status != CUDNN_STATUS_SUCCESS) return status;
  if (const auto status = check_algorithm(operation, conv, algorithm); status != CUDNN_STATUS_SUCCESS) return status;
  return launch(*handle, {.operation = operation,
                          .conv = conv,
                          .first = first,
                          .second = second,
                          .out = out,
                          .alpha = scalar(conv, alpha),
                          .beta = scalar(conv, beta),
                          .prior = out,
                          .winograd = algorithm == winograd_algorithm(operation),
                          .workspace = workspace,
                          .workspace_bytes = workspace_bytes});
}

cudnnStatus_t query_workspace(Operation operation, cudnnHandle_t handle, const cudnnTensorStruct* x,
                              const cudnnFilterStruct* filter, const cudnnConvolutionStruct* descriptor,
                              const cudnnTensorStruct* y, int algorithm, size_t* bytes) {
  if (handle == nullptr || bytes == nullptr) return CUDNN_STATUS_BAD_PARAM;
  Convolution conv;
  if (const auto status = resolve(x, filter, descriptor, y, conv); status != CUDNN_STATUS_SUCCESS) return status;
  if (const auto status = check_algorithm(operation, conv, algorithm); status != CUDNN_STATUS_SUCCESS) return status;
  return guarded([&] {
    *bytes = workspace_of(operation, conv, algorithm == winograd_algorithm(operation));
    return CUDNN_STATUS_SUCCESS;
  });
}

template <class Algorithm>
cudnnStatus_t query_algorithms(Operation operation, cudnnHandle_t handle, const cudnnTensorStruct* x,
                               const cudnnFilterStruct* filter, const cudnnConvolutionStruct* descriptor,
                               const cudnnTensorStruct* y, int requested, int* returned,
                               cudnnConvolutionAlgoPerf<Algorithm>* results) {
  if (handle == nullptr || returned == nullptr || results == nullptr || requested < 1) return CUDNN_STATUS_BAD_PARAM;
  Convolution conv;
  if (const auto status = resolve(x, filter, descriptor, y, conv); status != CUDNN_STATUS_SUCCESS) return status;
  return guarded([&] {
    *returned = 0;
    for (const int algorithm : {winograd_algorithm(operation), 1, 0}) {
      if (*returned == requested || check_algorithm(operation, conv, algorithm) != CUDNN_STATUS_SUCCESS) continue;
      const bool winograd = algorithm == winograd_algorithm(operation);
      results[(*returned)++] = {static_cast<Algorithm>(algorithm),
                                CUDNN_STATUS_SUCCESS,
                                -1.0f,
                                workspace_of(operation, conv, winograd),
                                CUDNN_DETERMINISTIC,
                                winograd ? CUDNN_FMA_MATH : descriptor->math_type,  // it multiplies in float
                                {}};
    }
    return CUDNN_STATUS_SUCCESS;
  });
}

}  // namespace

cudnnStatus_t cudnnGetConvolutionForwardAlgorithm_v7(cudnnHandle_t handle, const cudnnTensorDescriptor_t srcDesc,
                                                     const cudnnFilterDescriptor_t filterDesc,
                                                     const cudnnConvolutionDescriptor_t convDesc,
                                                     const cudnnTensorDescriptor_t destDesc,
                                                     const int requestedAlgoCount, int* returnedAlgoCount,
                                                     cudnnConvolutionFwdAlgoPerf_t* perfResults) {
  return query_algorithms(Operation::kForward, handle, srcDesc, filterDesc, convDesc, destDesc, requestedAlgoCount,
                          returnedAlgoCount, perfResults);
}

cudnnStatus_t cudnnGetConvolutionBackwardDataAlgorithm_v7(
    cudnnHandle_t handle, const cudnnFilterDescriptor_t filterDesc, const cudnnTensorDescriptor_t diffDesc,
    const cudnnConvolutionDescriptor_t convDesc, const cudnnTensorDescriptor_t gradDesc, const int requestedAlgoCount,
    int* returnedAlgoCount, cudnnConvolutionBwdDataAlgoPerf_t* perfResults) {
  return query_algorithms(Operation::kBackwardData, handle, gradDesc, filterDesc, convDesc, diffDesc,
                          requestedAlgoCount, returnedAlgoCount, perfResults);
}

cudnnStatus_t cudnnGetConvolutionBackwardFilterAlgorithm_v7(cudnnHandle_t handle, const cudnnTensorDescriptor_t srcDesc,
                                                            const cudnnTensorDescriptor_t diffDesc,
                                                            const cudnnConvolutionDescriptor_t convDesc,
                                                            const cudnnFilterDescriptor_t gradDesc,
                                                            const int requestedAlgoCount, int* returnedAlgoCount,
                                                            cudnnConvolutionBwdFilterAlgoPerf_t* perfResults) {
  return query_algorithms(Operation::kBackwardFilter, handle, srcDesc, gradDesc, convDesc, diffDesc, requestedAlgoCount,
                          returnedAlgoCount, perfResults);
}

cudnnStatus_t cudnnGetConvolutionForwardWorkspaceSize(cudnnHandle_t handle, const cudnnTensorDescriptor_t xDesc,
                                                      const cudnnFilterDescriptor_t wDesc,
                                                      const cudnnConvolutionDescriptor_t convDesc,
                                                      const cudnnTensorDescriptor_t yDesc,
                                                      cudnnConvolutionFwdAlgo_t algo, size_t* sizeInBytes) {
  return query_workspace(Operation::kForward, handle, xDesc, wDesc, convDesc, yDesc, algo, sizeInBytes);
}

cudnnStatus_t cudnnGetConvolutionBackwardDataWorkspaceSize(cudnnHandle_t handle, const cudnnFilterDescriptor_t wDesc,
                                                           const cudnnTensorDescriptor_t dyDesc,
                                                           const cudnnConvolutionDescriptor_t convDesc,
                                                           const cudnnTensorDescriptor_t dxDesc,
                                                           cudnnConvolutionBwdDataAlgo_t algo, size_t* sizeInBytes) {
  return query_workspace(Operation::kBackwardData, handle, dxDesc, wDesc, convDesc, dyDesc, algo, sizeInBytes);
}

cudnnStatus_t cudnnGetConvolutionBackwardFilterWorkspaceSize(cudnnHandle_t handle, const cudnnTensorDescriptor_t xDesc,
                                                             const cudnnTensorDescriptor_t dyDesc,
                                                             const cudnnConvolutionDescriptor_t convDesc,
                                                             const cudnnFilterDescriptor_t gradDesc,
                                                             cudnnConvolutionBwdFilterAlgo_t algo,
                                                             size_t* sizeInBytes) {
  return query_workspace(Operation::kBackwardFilter, handle, xDesc, gradDesc, convDesc, dyDesc, algo, sizeInBytes);
}

cudnnStatus_t cudnnConvolutionForward(cudnnHandle_t handle, const void* alpha, const cudnnTensorDescriptor_t xDesc,
                                      const void* x, const cudnnFilterDescriptor_t wDesc, const void* w,
                                      const cudnnConvolutionDescriptor_t convDesc, cudnnConvolutionFwdAlgo_t algo,
                                      void* workSpace, size_t workSpaceSizeInBytes, const void* beta,
                                      const cudnnTensorDescriptor_t yDesc, void* y) {
  return convolve(Operation::kForward, handle, xDesc, wDesc, convDesc, yDesc, algo, alpha, x, w, workSpace,
                  workSpaceSizeInBytes, beta, y);
}

cudnnStatus_t cudnnConvolutionBackwardData(cudnnHandle_t handle, const void* alpha, const cudnnFilterDescriptor_t wDesc,
                                           const void* w, const cudnnTensorDescriptor_t dyDesc, const void* dy,
                                           const cudnnConvolutionDescriptor_t convDesc,
                                           cudnnConvolutionBwdDataAlgo_t algo, void* workSpace,
                                           size_t workSpaceSizeInBytes, const void* beta,
                                           const cudnnTensorDescriptor_t dxDesc, void* dx) {
  return convolve(Operation::kBackwardData, handle, dxDesc, wDesc, convDesc, dyDesc, algo, alpha, dy, w, workSpace,
                  workSpaceSizeInBytes, beta, dx);
}

cudnnStatus_t cudnnConvolutionBackwardFilter(cudnnHandle_t handle, const void* alpha,
                                             const cudnnTensorDescriptor_t xDesc, const void* x,
                                             const cudnnTensorDescriptor_t dyDesc, const void* dy,
                                             const cudnnConvolutionDescriptor_t convDesc,
                                             cudnnConvolutionBwdFilterAlgo_t algo, void* workSpace,
                                             size_t workSpaceSizeInBytes, const void* beta,
                                             const cudnnFilterDescriptor_t dwDesc, void* dw) {
  return convolve(Operation::kBackwardFilter, handle, xDesc, dwDesc, convDesc, dyDesc, algo, alpha, x, dy, workSpace,
                  workSpaceSizeInBytes, beta, dw);
}

cudnnStatus_t cudnnConvolutionBiasActivationForward(
    cudnnHandle_t handle, const void* alpha1, const cudnnTensorDescriptor_t xDesc, const void* x,
    const cudnnFilterDescriptor_t wDesc, const void* w, const cudnnConvolutionDescriptor_t convDesc,
    cudnnConvolutionFwdAlgo_t algo, void* workSpace, size_t workSpaceSizeInBytes, const void* alpha2,
    const cudnnTensorDescriptor_t zDesc, const void* z, const cudnnTensorDescriptor_t biasDesc, const void* bias,
    const cudnnActivationDescriptor_t activationDesc, const cudnnTensorDescriptor_t yDesc, void* y) {
  if (handle == nullptr || alpha1 == nullptr || alpha2 == nullptr || z == nullptr || bias == nullptr ||
      zDesc == nullptr || biasDesc == nullptr || activationDesc == nullptr || !activationDesc->set) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  Convolution conv;
  if (const auto status = resolve(xDesc, wDesc, convDesc, yDesc, conv); status != CUDNN_STATUS_SUCCESS) return status;
  if (const auto status = check_algorithm(Operation::kForward, conv, algo); status != CUDNN_STATUS_SUCCESS) {
    return status;
  }
  const bool winograd = algo == CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD_NONFUSED;
  if (biasDesc->type != yDesc->type || biasDesc->n != 1 || biasDesc->c != yDesc->c || biasDesc->h != 1 ||
      biasDesc->w != 1 || zDesc->type != yDesc->type || zDesc->n != yDesc->n || zDesc->c != yDesc->c ||
      zDesc->h != yDesc->h || zDesc->w != yDesc->w) {
    return CUDNN_STATUS_BAD_PARAM;
  }
  const bool identity = activationDesc->mode == CUDNN_ACTIVATION_IDENTITY;
  if (!identity && activationDesc->mode != CUDNN_ACTIVATION_RELU) return CUDNN_STATUS_NOT_SUPPORTED;
  if (identity && algo != CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM) return CUDNN_STATUS_NOT_SUPPORTED;
  if (!softgpu::cudnn::is_packed_nhwc(*zDesc) || !softgpu::cudnn::is_packed_nhwc(*biasDesc)) {
    return CUDNN_STATUS_NOT_SUPPORTED;
  }
  if (winograd && activationDesc->nan != CUDNN_PROPAGATE_NAN) return CUDNN_STATUS_NOT_SUPPORTED;
  const Activation relu = activationDesc->nan == CUDNN_PROPAGATE_NAN ? Activation::kRelu : Activation::kReluDropNan;
  return launch(*handle, {.operation = Operation::kForward,
                          .conv = conv,
                          .first = x,
                          .second = w,
                          .out = y,
                          .alpha = scalar(conv, alpha1),
                          .beta = scalar(conv, alpha2),
                          .prior = z,
                          .bias = bias,
                          .activation = identity ? Activation::kIdentity : relu,
                          .winograd = winograd,
                          .workspace = workSpace,
                          .workspace_bytes = workSpaceSizeInBytes});
}
