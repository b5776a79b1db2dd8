#pragma once

#include "engine/tensor.h"
#include "kernels/gemm.h"

namespace cucurbit {

/// a b for a [M, K] and b [K, N] of one type; result [M, N]. Accumulates in the accumulator type. Gradients:
/// da = dy b^T, db = a^T dy. Throws Error if types or shapes do not match.
Tensor matmul(const Tensor& a, const Tensor& b);

/// C = alpha op(A) op(B) + beta C in device memory, by cuBLAS or by our own kernel as math_mode() says; for ops that
/// build on products. a and b are of one type, c of that type or its accumulator type. The formula and shapes are those
/// of kernels::gemm. Products with k = 0 always use our own kernel, since cuBLAS accepts no leading dimension of 0.
void gemm(const kernels::GemmShape& shape, double alpha, const Tensor& a, const Tensor& b, double beta,
          const Tensor& c);

}  // namespace cucurbit
