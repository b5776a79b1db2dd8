#include "engine/ops/matmul.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/autograd.h"
#include "engine/math_mode.h"
#include "engine/runtime/libraries.h"
#include "engine/runtime/stream.h"
#include "kernels/error.h"

namespace cucurbit {

namespace {
cudaDataType cuda_type(DType dtype) {
  return dtype == DType::f64 ? CUDA_R_64F : dtype == DType::bf16 ? CUDA_R_16BF : CUDA_R_32F;
}

void expect_int(const kernels::GemmShape& shape) {
  const int64_t largest = std::max({shape.m, shape.n, shape.k, shape.lda, shape.ldb, shape.ldc});
  if (largest > INT32_MAX)
    throw Error(
        ErrorKind::input,
        fmt::format("[matmul] a dimension of {} exceeds the limit of cuBLAS, {}: use `math` own", largest, INT32_MAX));
}

/// Row-major matrices are the transposes of column-major ones: C^T = op(B)^T op(A)^T.
void vendor_gemm(const kernels::GemmShape& shape, double alpha, const Tensor& a, const Tensor& b, double beta,
                 const Tensor& c) {
  expect_int(shape);
  const bool f64 = a.dtype() == DType::f64;
  const float narrow_alpha = float(alpha), narrow_beta = float(beta);
  // Not CUBLAS_COMPUTE_32F_FAST_TF32, which would round the factors of f32 products.
  const cublasComputeType_t compute = f64 ? CUBLAS_COMPUTE_64F : CUBLAS_COMPUTE_32F;
  check_cublas(cublasGemmEx(cublas(), shape.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N,
                            shape.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N, int(shape.n), int(shape.m), int(shape.k),
                            f64 ? static_cast<const void*>(&alpha) : &narrow_alpha, b.raw(), cuda_type(b.dtype()),
                            int(shape.ldb), a.raw(), cuda_type(a.dtype()), int(shape.lda),
                            f64 ? static_cast<const void*>(&beta) : &narrow_beta, c.raw(), cuda_type(c.dtype()),
                            int(shape.ldc), compute, CUBLAS_GEMM_DEFAULT),
               "cublasGemmEx");
}

template <class T, class C>
void own_gemm(const kernels::GemmShape& shape, double alpha, const Tensor& a, const Tensor& b, double beta,
              const Tensor& c) {
  const size_t bytes = kernels::gemm_workspace<T>(shape);
  const Tensor workspace = bytes ? Tensor::empty({int64_t(bytes)}, DType::u8) : Tensor();
  kernels::gemm<T, C>(shape, acc_t<T>(alpha), a.data<T>(), b.data<T>(), acc_t<T>(beta), c.data<C>(), workspace.raw(),
                      stream());
}
}  // namespace

void gemm(const kernels::GemmShape& shape, double alpha, const Tensor& a, const Tensor& b, double beta,
          const Tensor& c) {
  if (shape.m == 0 || shape.n == 0) return;
  if (math_mode() == Math::vendor && shape.k > 0) return vendor_gemm(shape, alpha, a, b, beta, c);
  dispatch_float(a.dtype(), "matmul", [&]<class T>(Type<T>) {
    if (c.dtype() == dtype_of<T>)
      own_gemm<T, T>(shape, alpha, a, b, beta, c);
    else
      own_gemm<T, acc_t<T>>(shape, alpha, a, b, beta, c);
  });
}

Tensor matmul(const Tensor& a, const Tensor& b) {
  if (a.rank() != 2 || b.rank() != 2 || a.dim(1) != b.dim(0) || a.dtype() != b.dtype())
    throw Error(ErrorKind::input,
                fmt::format("[matmul] {} by {}: expected [M, K] by [K, N] of one type", describe(a), describe(b)));
  const int64_t m = a.dim(0), n = b.dim(1), k = a.dim(1);
  Tensor y = Tensor::empty({m, n}, a.dtype());
  gemm(kernels::dense_gemm(m, n, k, false, false), 1, a, b, 0, y);
  record(y, {a, b}, [=](const Tensor& dy) {
    if (wants_gradient(a)) {
      const auto [da, accumulate] = gradient_target(a);
      gemm(kernels::dense_gemm(m, k, n, false, true), 1, dy, b, accumulate, da);
    }
    if (wants_gradient(b)) {
      const auto [db, accumulate] = gradient_target(b);
      gemm(kernels::dense_gemm(k, n, m, true, false), 1, a, dy, accumulate, db);
    }
  });
  return y;
}

}  // namespace cucurbit
