#include "bench/support/limits.h"

#include <algorithm>

#include "bench/support/device_timer.h"
#include "bench/support/device_values.h"
#include "bench/support/hash_values.h"
#include "engine/ops/matmul.h"

namespace cucurbit::bench {

namespace {
template <class F>
double median_seconds(F&& run) {
  constexpr int kRuns = 9;
  DeviceTimer timer;
  run();
  std::vector<double> seconds;
  for (int i = 0; i < kRuns; ++i) seconds.push_back(timer.seconds(run));
  std::nth_element(seconds.begin(), seconds.begin() + kRuns / 2, seconds.end());
  return seconds[kRuns / 2];
}
}  // namespace

double gemm_gflops(DType dtype) {
  constexpr int64_t kSize = 2048;
  const Tensor a = on_device(hash_values(kSize * kSize, 1), {kSize, kSize}, dtype);
  const Tensor b = on_device(hash_values(kSize * kSize, 2), {kSize, kSize}, dtype);
  const Tensor c = Tensor::empty({kSize, kSize}, dtype);
  const double seconds =
      median_seconds([&] { gemm(kernels::dense_gemm(kSize, kSize, kSize, false, false), 1, a, b, 0, c); });
  return 2e-9 * kSize * kSize * kSize / seconds;
}

double copy_gbs() {
  constexpr int64_t kCount = 64 << 20;
  const Tensor source = Tensor::zeros({kCount}, DType::f32), target = Tensor::zeros({kCount}, DType::f32);
  return 2e-9 * double(source.bytes()) / median_seconds([&] { copy_on_device(source, target); });
}

}  // namespace cucurbit::bench
