#include "engine/profile/limits.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/ops/matmul.h"
#include "engine/runtime/stream.h"
#include "kernels/elementwise.h"
#include "kernels/error.h"

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

/// Varied values, as in real products: processors are faster on zeros.
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

double rate(DType dtype, const DeviceLimits& limits) {
  if (dtype == DType::f32) return limits.gemm_f32;
  if (dtype == DType::bf16) return limits.gemm_bf16;
  throw Error(ErrorKind::usage,
              fmt::format("[profile] the rate of products in {} is not measured: profile f32 or bf16", name(dtype)));
}

/// The numbers in one line of the table, per step.
struct Line {
  double calls = 0, seconds = 0, flop = 0, bytes = 0;
  Rooflines least;

  Line& operator+=(const Line& other) {
    seconds += other.seconds;
    flop += other.flop;
    bytes += other.bytes;
    least.direct += other.least.direct;
    least.algorithm += other.least.algorithm;
    return *this;
  }
};

std::string table_line(const std::string& op, const std::string& shape, const Line& line, const char* algorithm) {
  return fmt::format("{:<28}{:<30}{:>6.4g}{:>10.3f}{:>10.3f}{:>9.1f}{:>9.1f}{:>8.1f}{:>8.2f}{:>11.2f}  {}\n", op, shape,
                     line.calls, 1e3 * line.seconds, 1e-9 * line.flop, 1e-6 * line.bytes,
                     1e-9 * line.flop / line.seconds, 1e-9 * line.bytes / line.seconds,
                     line.least.direct / line.seconds, line.least.algorithm / line.seconds, algorithm);
}
}  // namespace

DeviceLimits measure_limits() {
  return {.gemm_f32 = gemm_rate(DType::f32), .gemm_bf16 = gemm_rate(DType::bf16), .bandwidth = copy_rate()};
}

double roofline_seconds(const Arithmetic& arithmetic, double bytes, const DeviceLimits& limits) {
  const double memory = bytes / limits.bandwidth;
  return arithmetic.flop > 0 ? std::max(arithmetic.flop / rate(arithmetic.type, limits), memory) : memory;
}

Rooflines rooflines(const OpTime& op, const DeviceLimits& limits) {
  const OpDescription& work = op.description;
  return {.direct = roofline_seconds(work.direct, work.bytes, limits),
          .algorithm = roofline_seconds(work.used, work.bytes, limits)};
}

Rooflines rooflines(const std::vector<OpTime>& ops, const DeviceLimits& limits) {
  Rooflines sum;
  for (const OpTime& op : ops) {
    const Rooflines each = rooflines(op, limits);
    sum.direct += each.direct;
    sum.algorithm += each.algorithm;
  }
  return sum;
}

std::string profile_table(const std::vector<OpTime>& ops, const DeviceLimits& limits, int steps) {
  std::string table = fmt::format("{:<28}{:<30}{:>6}{:>10}{:>10}{:>9}{:>9}{:>8}{:>8}{:>11}\n", "op", "shape", "calls",
                                  "ms", "GFLOP", "MB", "GFLOP/s", "GB/s", "direct", "algorithm");
  Line sum;
  for (const OpTime& op : ops) {
    const OpDescription& work = op.description;
    const Rooflines least = rooflines(op, limits);
    const Line line{.calls = double(op.calls) / steps,
                    .seconds = op.seconds / steps,
                    .flop = work.direct.flop / steps,
                    .bytes = work.bytes / steps,
                    .least = {.direct = least.direct / steps, .algorithm = least.algorithm / steps}};
    table += table_line(op.op, work.shape, line, work.algorithm);
    sum += line;
  }
  return table + table_line("sum", "", sum, "");
}

}  // namespace cucurbit
