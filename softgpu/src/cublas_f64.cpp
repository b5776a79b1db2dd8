#include "cublas_f64.h"

#include <algorithm>

/// Products in double, in blocks that fit the caches.

namespace softgpu {
namespace {

constexpr int64_t kTile = 64;

/// Copies a block of op(A) to [depth][kTile], with the row index running fastest and zeros beyond the matrix.
void pack_a(const GemmF64& g, int64_t row, int64_t depth, int64_t rows, int64_t depths, double* out) {
  for (int64_t p = 0; p < depths; ++p) {
    for (int64_t i = 0; i < rows; ++i) {
      out[p * kTile + i] = g.transposed_a ? g.a[(row + i) * g.lda + depth + p] : g.a[(depth + p) * g.lda + row + i];
    }
    std::fill(out + p * kTile + rows, out + (p + 1) * kTile, 0.0);
  }
}

void compute_tile(const GemmF64& g, int64_t row, int64_t col) {
  const int64_t rows = std::min(kTile, g.m - row), cols = std::min(kTile, g.n - col);
  double a[kTile * kTile], sum[kTile * kTile] = {};
  const int64_t k = g.alpha != 0.0 ? g.k : 0;
  for (int64_t depth = 0; depth < k; depth += kTile) {
    const int64_t depths = std::min(kTile, k - depth);
    pack_a(g, row, depth, rows, depths, a);
    for (int64_t j = 0; j < cols; ++j) {
      for (int64_t p = 0; p < depths; ++p) {
        const double b = g.transposed_b ? g.b[(depth + p) * g.ldb + col + j] : g.b[(col + j) * g.ldb + depth + p];
        for (int64_t i = 0; i < kTile; ++i) sum[j * kTile + i] += a[p * kTile + i] * b;
      }
    }
  }
  for (int64_t j = 0; j < cols; ++j) {
    double* c = g.c + (col + j) * g.ldc + row;
    for (int64_t i = 0; i < rows; ++i) {
      const double scaled = g.alpha * sum[j * kTile + i];
      c[i] = g.beta == 0.0 ? scaled : scaled + g.beta * c[i];
    }
  }
}

}  // namespace

void gemm_f64(const GemmF64& gemm) {
#pragma omp parallel for collapse(2) schedule(static)
  for (int64_t col = 0; col < gemm.n; col += kTile) {
    for (int64_t row = 0; row < gemm.m; row += kTile) compute_tile(gemm, row, col);
  }
}

}  // namespace softgpu
