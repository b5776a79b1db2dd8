// The matrix products of linear layers: forward pass, data gradient and weight gradient, in f32 and bf16, by the vendor
// library and by our own kernels.
#include <fmt/format.h>

#include "bench/support/agreement.h"
#include "bench/support/device_values.h"
#include "bench/support/hash_values.h"
#include "bench/support/main.h"
#include "bench/support/measure.h"
#include "engine/math_mode.h"
#include "engine/ops/matmul.h"

namespace {
using namespace cucurbit;
using namespace cucurbit::bench;

/// A product of row-major matrices; the result is f32 for weight gradients, as in training.
struct Product {
  const char* name;
  int64_t m, n, k;
  bool transpose_a, transpose_b, float_result;
};

/// The three products of a linear layer with a batch size of 128.
std::vector<Product> layer(int64_t in, int64_t out) {
  constexpr int64_t kBatch = 128;
  return {{"forward", kBatch, out, in, false, true, false},
          {"data_gradient", kBatch, in, out, false, false, false},
          {"weight_gradient", out, in, kBatch, true, false, true}};
}

void run(benchmark::State& state, const Product& p, DType dtype, Math math) {
  const Tensor a = on_device(hash_values(p.m * p.k, 1), {p.m * p.k}, dtype);
  const Tensor b = on_device(hash_values(p.k * p.n, 2), {p.k * p.n}, dtype);
  const Tensor c = Tensor::empty({p.m, p.n}, p.float_result ? DType::f32 : dtype);
  const Tensor other = Tensor::empty(c.shape(), c.dtype());
  const auto multiply = [&](Math way, const Tensor& into) {
    set_math_mode(way);
    gemm(kernels::dense_gemm(p.m, p.n, p.k, p.transpose_a, p.transpose_b), 1, a, b, 0, into);
  };
  multiply(math, c);
  multiply(math == Math::own ? Math::vendor : Math::own, other);
  if (const std::string wrong = disagreement(c, other, tolerance_of(dtype)); !wrong.empty())
    return state.SkipWithError(wrong.c_str());
  measure(state, {.flop = 2.0 * double(p.m * p.n) * double(p.k), .bytes = double(a.bytes() + b.bytes() + c.bytes())},
          [&] { multiply(math, c); });
}

void add_all() {
  for (const auto& [in, out] : {std::pair(784, 1200), {1200, 1200}, {1200, 10}, {3136, 128}, {2048, 2048}})
    for (const Product& product : layer(in, out))
      for (DType dtype : {DType::f32, DType::bf16})
        for (Math math : {Math::vendor, Math::own})
          add_benchmark(fmt::format("gemm/{}x{}/{}/{}/{}", in, out, product.name, name(dtype),
                                    math == Math::vendor ? "vendor" : "own"),
                        [=](benchmark::State& state) { run(state, product, dtype, math); });
}
}  // namespace

int main(int argc, char** argv) { return run_benchmarks(argc, argv, add_all); }
