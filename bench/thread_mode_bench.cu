// The costs of softgpu's thread mode: a barrier of a block, a shuffle of a warp, a thread that never synchronises, an
// access to memory. Built twice: as thread_mode_bench, and as thread_mode_checked_bench with racecheck and initcheck
// (SOFTGPU_CHECK).
#include <benchmark/benchmark.h>
#include <cuda_runtime.h>

namespace {

constexpr int kRepeats = 1000;
constexpr int kThreads = 256;
constexpr int kElements = 16 * kThreads * kRepeats;  // 16 MB

__global__ void barriers(int* out) {
  for (int i = 0; i < kRepeats; ++i) __syncthreads();  // the barrier itself is what is timed
  out[threadIdx.x] = kRepeats;
}

__global__ void shuffles(int* out) {
  int value = static_cast<int>(threadIdx.x);
  for (int i = 0; i < kRepeats; ++i) value += __shfl_xor_sync(~0u, value, 1);
  out[threadIdx.x] = value;
}

__global__ void without_meeting(int* out) { out[threadIdx.x] = static_cast<int>(blockIdx.x); }

/// Each block repeatedly reads and writes its own `size` elements: two accesses per repetition and thread.
template <int size>
__global__ void accesses(int* out) {
  int* const own = out + blockIdx.x * size;
  for (int i = 0; i < kRepeats; ++i) own[(i * blockDim.x + threadIdx.x) % size] += i;
}

/// Reports the time per repetition as the time of an iteration.
void run(benchmark::State& state, void (*kernel)(int*), int blocks, int repeats) {
  int* out = nullptr;
  cudaMalloc(&out, kElements * sizeof(int));
  cudaMemset(out, 0, kElements * sizeof(int));
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(static_cast<unsigned>(blocks));
  config.blockDim = dim3(static_cast<unsigned>(state.range(0)));
  while (state.KeepRunningBatch(repeats)) {
    if (cudaLaunchKernelEx(&config, kernel, out) != cudaSuccess) return state.SkipWithError("the launch failed");
  }
  cudaFree(out);
}

BENCHMARK_CAPTURE(run, barrier, barriers, 1, kRepeats)->Arg(256)->Arg(1024);
BENCHMARK_CAPTURE(run, shuffle, shuffles, 1, kRepeats)->Arg(32);
BENCHMARK_CAPTURE(run, block_without_meeting, without_meeting, kRepeats, kRepeats)->Arg(256);
BENCHMARK_CAPTURE(run, access_in_cache, accesses<1024>, 1, 2 * kThreads * kRepeats)->Arg(kThreads);
BENCHMARK_CAPTURE(run, access_streaming, accesses<kElements / 16>, 16, 2 * kElements)->Arg(kThreads);

}  // namespace

int main(int argc, char** argv) {
  softgpu::set_mode(softgpu::Mode::threads);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
