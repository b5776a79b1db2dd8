#include <algorithm>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <utility>

#include "cublas_context.h"
#include "cublas_f64.h"
#include "cuda_bf16.h"
#include "dnnl_epilogue.h"
#include "enqueue.h"

// Float and bfloat16 products are oneDNN primitives on plain strides. Column-major C = A B is row-major C' = B' A', so
// B is the primitive's source and A its weights; no operand is copied.
//
// Measured with oneDNN 2.6 on Zen 4, ms on two cores, batch 128. With "packed" oneDNN chooses the layout of the
// weights; the reorders that this would require are not counted:
//
//                        fp32: matmul  inner product  packed | bf16: matmul  inner product  packed
//   y  = x W'  784-1200         1.30           1.31     1.07 |         0.68           0.63    0.54
//   dW = dy'x  784-1200         1.09           1.11     1.12 |         0.69           0.62    0.63
//   y  = x W' 1200-1200         2.08           2.09     1.72 |         1.02           0.90    0.89
//   dx = dy W 1200-1200         1.74           1.64     2.11 |         0.98           0.93    0.91
//   dW = dy'x 1200-1200         2.26           1.80     1.88 |         1.45           0.95    0.93
//
// So the products of a linear layer are computed as inner products, and small, strided and accumulating ones as
// matmuls. Computing C instead of C', with the roles of A and B exchanged, would need a transposed destination, for
// which oneDNN has only its reference code.

namespace {

using softgpu::onednn::Access;
using softgpu::onednn::Epilogue;
using softgpu::onednn::Plan;
using softgpu::onednn::PlanCache;
using softgpu::onednn::PlanKey;
using Desc = dnnl::memory::desc;

struct Matrix {
  const void* data;
  cudaDataType type;
  int64_t ld;
  int64_t stride;  // between batch entries, in elements
  bool transposed;
};

struct Gemm {
  int64_t m, n, k, batch;
  Matrix a, b, c;
  double alpha, beta;

  bool reads_factors() const { return k > 0 && alpha != 0.0; }
};

int64_t size_of(cudaDataType type) { return type == CUDA_R_64F ? 8 : type == CUDA_R_32F ? 4 : 2; }

template <class T = void>
T* entry(const Matrix& matrix, int64_t index) {
  auto* bytes = const_cast<char*>(static_cast<const char*>(matrix.data));
  return reinterpret_cast<T*>(bytes + index * matrix.stride * size_of(matrix.type));
}

bool supported(cudaDataType a, cudaDataType b, cudaDataType c, cublasComputeType_t compute) {
  if (a != b) return false;
  switch (compute) {
    case CUBLAS_COMPUTE_64F:
    case CUBLAS_COMPUTE_64F_PEDANTIC:
      return a == CUDA_R_64F && c == CUDA_R_64F;
    case CUBLAS_COMPUTE_32F:
    case CUBLAS_COMPUTE_32F_PEDANTIC:
      return (a == CUDA_R_32F && c == CUDA_R_32F) || (a == CUDA_R_16BF && (c == CUDA_R_16BF || c == CUDA_R_32F));
    case CUBLAS_COMPUTE_32F_FAST_16F:
    case CUBLAS_COMPUTE_32F_FAST_16BF:
    case CUBLAS_COMPUTE_32F_FAST_TF32:
      return a == CUDA_R_32F && c == CUDA_R_32F;
    default:
      return false;
  }
}

bool valid(const Gemm& g) {
  if (g.m < 0 || g.n < 0 || g.k < 0 || g.batch < 0) return false;
  const auto holds = [](const Matrix& matrix, int64_t rows) { return matrix.ld >= std::max<int64_t>(1, rows); };
  if (!holds(g.a, g.a.transposed ? g.k : g.m) || !holds(g.b, g.b.transposed ? g.n : g.k) || !holds(g.c, g.m)) {
    return false;
  }
  if (g.m == 0 || g.n == 0 || g.batch == 0) return true;
  if (g.c.data == nullptr) return false;
  return !g.reads_factors() || (g.a.data != nullptr && g.b.data != nullptr);
}

dnnl::memory::data_type dnnl_type(cudaDataType type) {
  return type == CUDA_R_32F ? dnnl::memory::data_type::f32 : dnnl::memory::data_type::bf16;
}

/// Whether the product is free of gaps and large enough for an inner product; matmul is faster on small ones.
bool suits_inner_product(const Gemm& g, int64_t ldc, bool accumulate) {
  constexpr int64_t kLeast = 64;
  if (accumulate || std::min({g.m, g.n, g.k}) < kLeast || (g.a.transposed && g.b.transposed)) return false;
  return g.a.ld == (g.a.transposed ? g.k : g.m) && g.b.ld == (g.b.transposed ? g.n : g.k) && ldc == g.m;
}

/// C' = B' A' as one of the passes of a dense layer on the same memory: y = x W', dx = dy W or dW = dy' x. The operands
/// of the plan are those of matmul. Empty where oneDNN has no fast code.
std::optional<Plan> inner_product_plan(const Gemm& g, cudaDataType out) {
  using namespace softgpu::onednn;
  const auto matrix = [](int64_t rows, int64_t cols, cudaDataType type) {
    return Desc({rows, cols}, dnnl_type(type), dnnl::memory::format_tag::ab);
  };
  const auto plan = [](const auto& desc, const auto& primitive, std::vector<Operand> operands) {
    return is_optimized(desc) ? std::optional<Plan>(std::in_place, primitive, std::move(operands)) : std::nullopt;
  };
  const auto forward = [](const Desc& x, const Desc& w, const Desc& y) {
    return describe<dnnl::inner_product_forward>({}, dnnl::prop_kind::forward_training, x, w, y);
  };
  const Desc b = g.b.transposed ? matrix(g.k, g.n, g.b.type) : matrix(g.n, g.k, g.b.type);
  const Desc a = g.a.transposed ? matrix(g.m, g.k, g.a.type) : matrix(g.k, g.m, g.a.type);
  const Desc c = matrix(g.n, g.m, out);
  if (g.a.transposed) {
    const auto desc = forward(b, a, c);
    return plan(desc, dnnl::inner_product_forward(desc),
                {{DNNL_ARG_SRC, b, b, Access::kRead},
                 {DNNL_ARG_WEIGHTS, a, a, Access::kRead},
                 {DNNL_ARG_DST, c, c, Access::kWrite}});
  }
  if (!g.b.transposed) {
    const auto desc =
        describe_backward<dnnl::inner_product_backward_data>(forward(matrix(g.n, g.m, g.a.type), a, b), c, a, b);
    return plan(desc, dnnl::inner_product_backward_data(desc),
                {{DNNL_ARG_DIFF_DST, b, b, Access::kRead},
                 {DNNL_ARG_WEIGHTS, a, a, Access::kRead},
                 {DNNL_ARG_DIFF_SRC, c, c, Access::kWrite}});
  }
  const auto desc =
      describe_backward<dnnl::inner_product_backward_weights>(forward(a, matrix(g.n, g.m, g.a.type), b), a, c, b);
  return plan(desc, dnnl::inner_product_backward_weights(desc),
              {{DNNL_ARG_DIFF_DST, b, b, Access::kRead},
               {DNNL_ARG_SRC, a, a, Access::kRead},
               {DNNL_ARG_DIFF_WEIGHTS, c, c, Access::kWrite}});
}

/// The plan for C' = B' A', written to a C of the given type and leading dimension or, with `accumulate`, added to it.
std::shared_ptr<const Plan> find_plan(const Gemm& g, cudaDataType out, int64_t ldc, bool accumulate) {
  PlanKey key{'g', g.m, g.n, g.k, g.a.type, out, g.a.transposed, g.b.transposed, g.a.ld, g.b.ld, ldc, accumulate};
  return PlanCache::instance().get(std::move(key), [&] {
    if (suits_inner_product(g, ldc, accumulate)) {
      try {
        if (auto plan = inner_product_plan(g, out)) return *std::move(plan);
      } catch (const dnnl::error&) {  // oneDNN has no inner product of these types on this processor
      }
    }
    const auto strides = [](const Matrix& matrix) {
      return matrix.transposed ? dnnl::memory::dims{1, matrix.ld} : dnnl::memory::dims{matrix.ld, 1};
    };
    const Desc source({g.n, g.k}, dnnl_type(g.b.type), strides(g.b));
    const Desc weights({g.k, g.m}, dnnl_type(g.a.type), strides(g.a));
    const Desc result({g.n, g.m}, dnnl_type(out), dnnl::memory::dims{ldc, 1});
    dnnl::primitive_attr attributes;
    if (accumulate) {
      dnnl::post_ops operations;
      operations.append_sum();
      attributes.set_post_ops(operations);
    }
    const auto desc = softgpu::onednn::describe<dnnl::matmul>(attributes, source, weights, result);
    return Plan(dnnl::matmul(desc), {{DNNL_ARG_SRC, source, source, Access::kRead},
                                     {DNNL_ARG_WEIGHTS, weights, weights, Access::kRead},
                                     {DNNL_ARG_DST, result, result, accumulate ? Access::kUpdate : Access::kWrite}});
  });
}

std::function<void()> bind_f64(const Gemm& g, int64_t index) {
  return [call = softgpu::GemmF64{g.a.transposed, g.b.transposed, g.m, g.n, g.k, g.alpha, entry<double>(g.a, index),
                                  g.a.ld, entry<double>(g.b, index), g.b.ld, g.beta, entry<double>(g.c, index),
                                  g.c.ld}] { softgpu::gemm_f64(call); };
}

/// For any alpha and beta: the product is written to `buffer` in float, then alpha product + beta C to C. `product` may
/// be null.
template <class T>
std::function<void()> bind_scaled(const Gemm& g, int64_t index, std::function<void()> product,
                                  std::shared_ptr<std::byte> buffer) {
  T* out = entry<T>(g.c, index);
  const Epilogue<float, T> finish{.rows = g.n,
                                  .cols = g.m,
                                  .stride = g.c.ld,
                                  .alpha = static_cast<float>(g.alpha),
                                  .beta = static_cast<float>(g.beta),
                                  .prior = out};
  return [=, product = std::move(product), buffer = std::move(buffer)] {
    if (product) product();
    finish(product ? reinterpret_cast<const float*>(buffer.get()) : nullptr, out);
  };
}

std::function<void()> bind_entry(cublasContext& handle, const Gemm& g, int64_t index) {
  if (g.c.type == CUDA_R_64F) return bind_f64(g, index);
  const bool direct = g.reads_factors() && g.alpha == 1.0 && (g.beta == 0.0 || g.beta == 1.0);
  if (direct) {
    void* const pointers[] = {entry(g.b, index), entry(g.a, index), entry(g.c, index)};
    return find_plan(g, g.c.type, g.c.ld, g.beta == 1.0)->bind(pointers, nullptr);
  }
  std::function<void()> product;
  std::shared_ptr<std::byte> buffer;
  if (g.reads_factors()) {
    buffer = handle.scratch.at_least(static_cast<size_t>(g.m * g.n) * sizeof(float));
    void* const pointers[] = {entry(g.b, index), entry(g.a, index), buffer.get()};
    product = find_plan(g, CUDA_R_32F, g.m, false)->bind(pointers, nullptr);
  }
  return g.c.type == CUDA_R_32F ? bind_scaled<float>(g, index, std::move(product), std::move(buffer))
                                : bind_scaled<__nv_bfloat16>(g, index, std::move(product), std::move(buffer));
}

/// Adds the memory of one entry of a batch: a single range if its columns are contiguous, otherwise one for each
/// column.
void add_uses(std::vector<softgpu::Use>& uses, const Matrix& matrix, int64_t index, int64_t rows, int64_t cols,
              bool written) {
  if (matrix.transposed) std::swap(rows, cols);
  const auto size = static_cast<size_t>(size_of(matrix.type));
  const char* const first = entry<char>(matrix, index);
  if (matrix.ld == rows) {
    uses.push_back({first, static_cast<size_t>(rows * cols) * size, written});
    return;
  }
  for (int64_t col = 0; col < cols; ++col) {
    uses.push_back({first + static_cast<size_t>(col * matrix.ld) * size, static_cast<size_t>(rows) * size, written});
  }
}

std::vector<softgpu::Use> uses_of(const Gemm& g) {
  std::vector<softgpu::Use> uses;
  for (int64_t i = 0; i < g.batch; ++i) {
    if (g.reads_factors()) {
      add_uses(uses, g.a, i, g.m, g.k, false);
      add_uses(uses, g.b, i, g.k, g.n, false);
    }
    if (g.beta != 0.0) add_uses(uses, g.c, i, g.m, g.n, false);
    add_uses(uses, g.c, i, g.m, g.n, true);
  }
  return uses;
}

cublasStatus_t launch(cublasContext& handle, const Gemm& g) {
  if (!valid(g)) return CUBLAS_STATUS_INVALID_VALUE;
  if (g.m == 0 || g.n == 0 || g.batch == 0 || (!g.reads_factors() && g.beta == 1.0)) return CUBLAS_STATUS_SUCCESS;
  try {
    std::vector<std::function<void()>> entries;
    for (int64_t i = 0; i < g.batch; ++i) entries.push_back(bind_entry(handle, g, i));
    auto work = [entries = std::move(entries)] {
      for (const auto& run : entries) run();
    };
    auto uses = softgpu::orders_kept() ? uses_of(g) : std::vector<softgpu::Use>();
    const cudaError_t error = softgpu::enqueue(handle.stream, std::move(work), "cublasGemmEx", std::move(uses));
    return error == cudaSuccess ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_EXECUTION_FAILED;
  } catch (const std::bad_alloc&) {
    return CUBLAS_STATUS_ALLOC_FAILED;
  } catch (const std::exception&) {
    return CUBLAS_STATUS_INTERNAL_ERROR;
  }
}

bool known(cublasOperation_t operation) { return operation >= CUBLAS_OP_N && operation <= CUBLAS_OP_C; }

}  // namespace

cublasStatus_t cublasGemmStridedBatchedEx(cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb,
                                          int m, int n, int k, const void* alpha, const void* A, cudaDataType Atype,
                                          int lda, long long int strideA, const void* B, cudaDataType Btype, int ldb,
                                          long long int strideB, const void* beta, void* C, cudaDataType Ctype, int ldc,
                                          long long int strideC, int batchCount, cublasComputeType_t computeType,
                                          cublasGemmAlgo_t /*algo*/) {
  if (handle == nullptr) return CUBLAS_STATUS_NOT_INITIALIZED;
  if (!known(transa) || !known(transb) || alpha == nullptr || beta == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
  if (!supported(Atype, Btype, Ctype, computeType)) return CUBLAS_STATUS_NOT_SUPPORTED;
  const auto scalar = [&](const void* value) {
    return Ctype == CUDA_R_64F ? *static_cast<const double*>(value) : *static_cast<const float*>(value);
  };
  const Gemm gemm{.m = m,
                  .n = n,
                  .k = k,
                  .batch = batchCount,
                  .a = {A, Atype, lda, strideA, transa != CUBLAS_OP_N},
                  .b = {B, Btype, ldb, strideB, transb != CUBLAS_OP_N},
                  .c = {C, Ctype, ldc, strideC, false},
                  .alpha = scalar(alpha),
                  .beta = scalar(beta)};
  return launch(*handle, gemm);
}

cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n,
                            int k, const void* alpha, const void* A, cudaDataType Atype, int lda, const void* B,
                            cudaDataType Btype, int ldb, const void* beta, void* C, cudaDataType Ctype, int ldc,
                            cublasComputeType_t computeType, cublasGemmAlgo_t algo) {
  return cublasGemmStridedBatchedEx(handle, transa, transb, m, n, k, alpha, A, Atype, lda, 0, B, Btype, ldb, 0, beta, C,
                                    Ctype, ldc, 0, 1, computeType, algo);
}

cublasStatus_t cublasSgemm(cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n,
                           int k, const float* alpha, const float* A, int lda, const float* B, int ldb,
                           const float* beta, float* C, int ldc) {
  return cublasGemmEx(handle, transa, transb, m, n, k, alpha, A, CUDA_R_32F, lda, B, CUDA_R_32F, ldb, beta, C,
                      CUDA_R_32F, ldc, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT);
}

cublasStatus_t cublasDgemm(cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb, int m, int n,
                           int k, const double* alpha, const double* A, int lda, const double* B, int ldb,
                           const double* beta, double* C, int ldc) {
  return cublasGemmEx(handle, transa, transb, m, n, k, alpha, A, CUDA_R_64F, lda, B, CUDA_R_64F, ldb, beta, C,
                      CUDA_R_64F, ldc, CUBLAS_COMPUTE_64F, CUBLAS_GEMM_DEFAULT);
}
