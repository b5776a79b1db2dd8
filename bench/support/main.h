#pragma once

#include <benchmark/benchmark.h>
#include <cuda_runtime.h>

namespace cucurbit::bench {

/// Runs the benchmarks that `add_all` registers. Returns the exit code of the program.
template <class F>
int run_benchmarks(int argc, char** argv, F&& add_all) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  add_all();
  cudaDeviceProp device{};
  if (cudaGetDeviceProperties(&device, 0) == cudaSuccess) benchmark::AddCustomContext("device", device.name);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace cucurbit::bench
