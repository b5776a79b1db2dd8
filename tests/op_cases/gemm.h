#pragma once

#include "engine/ops/matmul.h"
#include "engine/runtime/stream.h"
#include "kernels/elementwise.h"
#include "op_cases/op_case.h"

namespace cucurbit::test {

inline OpCase matmul_case(int64_t m, int64_t n, int64_t k) {
  OpCase op;
  op.name = "matmul_" + std::to_string(m) + "_" + std::to_string(n) + "_" + std::to_string(k);
  op.inputs = {{.shape = {m, k}}, {.shape = {k, n}}};
  op.run = [](const std::vector<Tensor>& in) { return matmul(in[0], in[1]); };
  op.reference = [=](const std::vector<Values>& in) {
    Values y(m * n, 0.0);
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j)
        for (int64_t l = 0; l < k; ++l) y[i * n + j] += in[0][i * k + l] * in[1][l * n + j];
    return y;
  };
  op.output = {m, n};
  op.sum_length = std::max({m, n, k, int64_t(1)});
  op.flop = 2.0 * double(m) * double(n) * double(k);
  op.both_maths = true;
  return op;
}

/// C = alpha op(A) op(B) + beta C with rows that are `gap` longer than they need be.
struct GemmSetting {
  int64_t m, n, k;
  bool transpose_a = false, transpose_b = false;
  double alpha = 1, beta = 0;
  int64_t gap = 0;

  kernels::GemmShape shape() const {
    kernels::GemmShape shape = kernels::dense_gemm(m, n, k, transpose_a, transpose_b);
    shape.lda += gap, shape.ldb += gap, shape.ldc += gap;
    return shape;
  }
};

inline Values reference_gemm(const std::vector<Values>& in, const GemmSetting& g) {
  const kernels::GemmShape shape = g.shape();
  Values y = in[2];
  for (int64_t i = 0; i < g.m; ++i)
    for (int64_t j = 0; j < g.n; ++j) {
      double sum = 0;
      for (int64_t l = 0; l < g.k; ++l)
        sum += in[0][g.transpose_a ? l * shape.lda + i : i * shape.lda + l] *
               in[1][g.transpose_b ? j * shape.ldb + l : l * shape.ldb + j];
      y[i * shape.ldc + j] = g.alpha * sum + g.beta * in[2][i * shape.ldc + j];
    }
  return y;
}

inline Tensor run_gemm(const std::vector<Tensor>& in, const GemmSetting& g) {
  const Tensor c = Tensor::empty(in[2].shape(), in[2].dtype());
  dispatch_float(c.dtype(), "test",
                 [&]<class T>(Type<T>) { kernels::cast(in[2].data<T>(), c.data<T>(), c.size(), stream()); });
  gemm(g.shape(), g.alpha, in[0], in[1], g.beta, c);
  return c;
}

inline OpCase gemm_case(const std::string& name, const GemmSetting& g) {
  const kernels::GemmShape shape = g.shape();
  OpCase op;
  op.name = "gemm_" + name;
  op.inputs = {{.shape = {g.transpose_a ? g.k : g.m, shape.lda}},
               {.shape = {g.transpose_b ? g.n : g.k, shape.ldb}},
               {.shape = {g.m, shape.ldc}}};
  op.run = [g](const std::vector<Tensor>& in) { return run_gemm(in, g); };
  op.reference = [g](const std::vector<Values>& in) { return reference_gemm(in, g); };
  op.output = {g.m, shape.ldc};
  op.sum_length = std::max(g.k, int64_t(1));
  op.flop = 2.0 * double(g.m) * double(g.n) * double(g.k);
  op.gradient = false;
  op.both_maths = true;
  return op;
}

inline std::vector<OpCase> gemm_cases() {
  std::vector<OpCase> cases = {matmul_case(1, 1, 1),   matmul_case(3, 31, 33), matmul_case(33, 7, 65),
                               matmul_case(65, 33, 2), matmul_case(0, 5, 3),   matmul_case(5, 3, 0)};
  const int64_t sizes[] = {1, 3, 31, 33, 65, 127};
  int count = 0;
  for (int64_t m : sizes)
    for (int64_t n : sizes) {
      const bool ta = count & 1, tb = count & 2;
      const int64_t k = sizes[(count * 5 + 3) % 6];
      const double alpha = count % 3 ? 0.75 : 1, beta = count % 4 == 0 ? 0 : count % 4 == 1 ? 1 : -1.5;
      const std::string name = std::to_string(m) + "_" + std::to_string(n) + "_" + std::to_string(k);
      cases.push_back(gemm_case(name, {m, n, k, ta, tb, alpha, beta, count % 5}));
      ++count;
    }
  cases.push_back(
      gemm_case("split", {5, 70, 2100, true, false, 0.5, 2, 1}));  // k is split into pieces, whose products are summed
  cases.push_back(gemm_case("wide", {1500, 1450, 9, false, true}));  // large enough for 8x8 values per thread
  cases.back().dtypes = {DType::f32, DType::bf16};
  return cases;
}

}  // namespace cucurbit::test
