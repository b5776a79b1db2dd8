#pragma once

#include "kernels/types.h"

namespace cucurbit::kernels {

/// Sizes of C[m, n] = op(A)[m, k] op(B)[k, n]. All matrices are row-major with leading dimensions: A is stored [m, lda]
/// or, transposed, [k, lda]; B [k, ldb] or, transposed, [n, ldb]; C [m, ldc].
struct GemmShape {
  int64_t m, n, k;
  bool transpose_a = false, transpose_b = false;
  int64_t lda, ldb, ldc;
};

/// The shape of matrices without gaps between their rows.
inline GemmShape dense_gemm(int64_t m, int64_t n, int64_t k, bool transpose_a, bool transpose_b) {
  return {m, n, k, transpose_a, transpose_b, transpose_a ? m : k, transpose_b ? k : n, n};
}

/// Bytes of workspace that gemm needs for this shape and element type T.
template <class T>
size_t gemm_workspace(const GemmShape& shape);

/// Matrix product, C = alpha op(A) op(B) + beta C, with op(X) = X or its transpose.
///
///   a, b       as GemmShape says; no alignment beyond that of the element
///   c          [m, ldc], T or acc_t<T>; overlaps neither a nor b. Not read where beta is 0. Columns from n on are
///   kept. workspace  gemm_workspace<T>(shape) bytes, aligned to 16; may be null where that is 0
///
/// Accumulates in acc_t<T>. Any size may be 0; with k = 0, C = beta C. Deterministic: sums run over ascending k; where
/// m and n are small and k is long, pieces of k are summed by different blocks and added in ascending order.
template <class T, class C>
void gemm(const GemmShape& shape, acc_t<T> alpha, const T* a, const T* b, acc_t<T> beta, C* c, void* workspace,
          cudaStream_t stream);

}  // namespace cucurbit::kernels
