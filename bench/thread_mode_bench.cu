// What meeting costs in softgpu's thread mode: a barrier of a block, a shuffle of a warp, a thread that meets nobody.
// The reference is the time of a barrier on a GPU, tens of nanoseconds: thread mode is for truth, not for speed.
#include <benchmark/benchmark.h>
#include <cuda_runtime.h>

namespace {

constexpr int kRepeats = 1000;

__global__ void barriers(int* out) {
  for (int i = 0; i < kRepeats; ++i) __syncthreads();
  out[threadIdx.x] = kRepeats;
}

__global__ void shuffles(int* out) {
  int value = static_cast<int>(threadIdx.x);
  for (int i = 0; i < kRepeats; ++i) value += __shfl_xor_sync(~0u, value, 1);
  out[threadIdx.x] = value;
}

__global__ void without_meeting(int* out) { out[threadIdx.x] = static_cast<int>(blockIdx.x); }

/// Time per repeat, shown as the time of an iteration.
void run(benchmark::State& state, void (*kernel)(int*), int blocks, int repeats) {
  int* out = nullptr;
  cudaMalloc(&out, 1024 * sizeof(int));
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

}  // namespace

int main(int argc, char** argv) {
  softgpu::set_mode(softgpu::Mode::threads);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
