#pragma once

#include <type_traits>

#include "kernels/host/grid.h"
#include "kernels/types.h"

namespace cucurbit {

/// A kernel template whose first parameter is the number of threads in a block; made by CUCURBIT_KERNEL.
template <class Select>
struct Kernel {
  const char* name;
  Select select;
};
template <class Select>
Kernel(const char*, Select) -> Kernel<Select>;

/// CUCURBIT_KERNEL(softmax_kernel, T) names softmax_kernel<threads, T> for launch<threads>(). An argument may depend on
/// the number of threads, which is kThreads there.
// clang-format off
#define CUCURBIT_KERNEL(kernel, ...)                    \
  ::cucurbit::Kernel { #kernel, [](auto threads) {      \
    constexpr int kThreads = decltype(threads)::value;  \
    return kernel<kThreads __VA_OPT__(, ) __VA_ARGS__>; \
  } }
// clang-format on

/// Blocks in a launch, and dynamic shared memory per block in bytes.
struct Grid {
  int64_t blocks;
  size_t shared_bytes = 0;
  Grid(int64_t blocks, size_t shared_bytes = 0) : blocks(blocks), shared_bytes(shared_bytes) {}
};

/// Throws Error naming the kernel if `status` is an error; with CUCURBIT_SYNC=1 waits for the kernel first.
void check_launch(cudaError_t status, const char* kernel, Grid grid, int threads, cudaStream_t stream);

namespace detail {
template <int kThreads, class Select, class... Args>
void launch_blocks(Kernel<Select> kernel, Grid grid, cudaStream_t stream, Args... args) {
  auto function = kernel.select(std::integral_constant<int, kThreads>{});
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(unsigned(grid.blocks));
  config.blockDim = dim3(kThreads);
  config.dynamicSmemBytes = grid.shared_bytes;
  config.stream = stream;
  cudaError_t status = cudaSuccess;
  if (grid.blocks > 0x7fffffff) status = cudaErrorInvalidConfiguration;
  constexpr size_t kDefaultSharedLimit = 48 << 10;
  if (status == cudaSuccess && grid.shared_bytes > kDefaultSharedLimit)
    status = cudaFuncSetAttribute(reinterpret_cast<const void*>(function), cudaFuncAttributeMaxDynamicSharedMemorySize,
                                  int(grid.shared_bytes));
  if (status == cudaSuccess) status = cudaLaunchKernelEx(&config, function, args...);
  check_launch(status, kernel.name, grid, kThreads, stream);
}
}  // namespace detail

/// Launches `grid` blocks of kThreads threads, or of one thread where the device runs blocks that way (softgpu's fast
/// mode, known when the program runs). An empty grid launches nothing. Throws Error naming the kernel.
template <int kThreads, class Select, class... Args>
void launch(Kernel<Select> kernel, Grid grid, cudaStream_t stream, Args... args) {
  if (grid.blocks == 0) return;
#ifdef SOFTGPU
  if constexpr (!softgpu::kInstrumented) {
    if (softgpu::one_thread_blocks()) return detail::launch_blocks<1>(kernel, grid, stream, args...);
  }
#endif
  detail::launch_blocks<kThreads>(kernel, grid, stream, args...);
}

}  // namespace cucurbit
