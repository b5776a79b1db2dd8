#pragma once

#include <cstdint>

namespace softgpu {

/// C = alpha op(A) op(B) + beta C in double, column-major, with the operands of cublasDgemm.
struct GemmF64 {
  bool transposed_a, transposed_b;
  int64_t m, n, k;
  double alpha;
  const double* a;
  int64_t lda;
  const double* b;
  int64_t ldb;
  double beta;
  double* c;
  int64_t ldc;
};

void gemm_f64(const GemmF64& gemm);

}  // namespace softgpu
