#include "engine/profile/limits.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/ops/matmul.h"
#include "engine/runtime/stream.h"
#include "kernels/elementwise.h"

namespace cucurbit {

namespace {
template <class F>
double fastest_of_nine(F&& run) {
  run();
  Profiler profiler;
  for (int i = 0; i < 9; ++i) {
    const OpScope scope("limit", [] { return OpDescription{}; });
    run();
  }
  return profiler.take()[0].fastest;
}

/// Values that differ, as those of a real product do: processors are faster on zeros.
Tensor varied(const Shape& shape, DType dtype) {
  std::vector<float> values(size_t(shape.size()));
  uint32_t state = 1;
  for (float& value : values) value = float(int32_t(state = state * 1664525u + 1013904223u)) * 0x1p-31f;
  const Tensor f32 = Tensor::from_host(values, shape);
  if (dtype == DType::f32) return f32;
  const Tensor made = Tensor::empty(shape, dtype);
  kernels::cast(f32.data<float>(), made.data<bf16>(), made.size(), stream());
  return made;
}

double gemm_rate(DType dtype) {
  constexpr int64_t kSize = 2048;
  const Tensor a = varied({kSize, kSize}, dtype), b = varied({kSize, kSize}, dtype);
  const Tensor c = Tensor::empty({kSize, kSize}, dtype);
  const kernels::GemmShape shape = kernels::dense_gemm(kSize, kSize, kSize, false, false);
  return 2.0 * kSize * kSize * kSize / fastest_of_nine([&] { gemm(shape, 1, a, b, 0, c); });
}

double copy_rate() {
  constexpr int64_t kCount = 64 << 20;
  const Tensor source = Tensor::zeros({kCount}, DType::f32), target = Tensor::zeros({kCount}, DType::f32);
  const double seconds =
      fastest_of_nine([&] { kernels::cast(source.data<float>(), target.data<float>(), kCount, stream()); });
  return 2.0 * double(source.bytes()) / seconds;
}

std::string table_line(const std::string& op, const std::string& shape, double calls, double seconds, const Work& work,
                       double limit) {
  return fmt::format("{:<28}{:<30}{:>6.4g}{:>10.3f}{:>10.3f}{:>9.1f}{:>9.1f}{:>8.1f}{:>8.2f}\n", op, shape, calls,
                     1e3 * seconds, 1e-9 * work.flop, 1e-6 * work.bytes, 1e-9 * work.flop / seconds,
                     1e-9 * work.bytes / seconds, limit / seconds);
}
}  // namespace

DeviceLimits measure_limits() {
  return {.gemm_f32 = gemm_rate(DType::f32), .gemm_bf16 = gemm_rate(DType::bf16), .bandwidth = copy_rate()};
}

double limit_seconds(const OpTime& op, const DeviceLimits& limits) {
  const double memory = op.work.bytes / limits.bandwidth;
  return op.work.flop > 0 ? std::max(double(op.calls) * op.fastest, memory) : memory;
}

std::string profile_table(const std::vector<OpTime>& ops, const DeviceLimits& limits, int steps) {
  std::string table = fmt::format("{:<28}{:<30}{:>6}{:>10}{:>10}{:>9}{:>9}{:>8}{:>8}\n", "op", "shape", "calls", "ms",
                                  "GFLOP", "MB", "GFLOP/s", "GB/s", "limit");
  double seconds = 0, limit = 0;
  Work work;
  for (const OpTime& op : ops) {
    const double each = op.seconds / steps, least = limit_seconds(op, limits) / steps;
    const Work done{.flop = op.work.flop / steps, .bytes = op.work.bytes / steps};
    table += table_line(op.op, op.shape, double(op.calls) / steps, each, done, least);
    seconds += each;
    limit += least;
    work.flop += done.flop;
    work.bytes += done.bytes;
  }
  return table + table_line("sum", "", 0, seconds, work, limit);
}

}  // namespace cucurbit
