#pragma once

#include <tuple>
#include <type_traits>

#include "array.h"
#include "test.h"

/// Kernel launches under g++. `cucurbit lab` rewrites kernel<<<grid, block, shared, stream>>>(arguments) as
/// launch<n>("kernel", resolve, call, grid, block, shared, stream)(arguments), where n is the number of the launch.

namespace lab::detail {

struct FailedLaunch {
  const char* kernel;
  cudaLaunchConfig_t config;
  cudaError_t error;
  Site site;
};

inline std::vector<FailedLaunch> failed_launches;

inline int limit(cudaDeviceAttr attribute) {
  int value = 0;
  cudaDeviceGetAttribute(&value, attribute, 0);
  return value;
}

/// Names the first dimension beyond its limit, as in "a grid of 1 x 70000 x 1, whose y dimension may be at most 65535";
/// empty when all dimensions are within their limits.
inline std::string beyond(const char* what, dim3 dim, const cudaDeviceAttr (&limits)[3]) {
  const unsigned sizes[3] = {dim.x, dim.y, dim.z};
  for (int i = 0; i < 3; ++i) {
    const auto most = unsigned(limit(limits[i]));
    if (sizes[i] != 0 && sizes[i] <= most) continue;
    return std::string("a ") + what + " of " + std::to_string(dim.x) + " x " + std::to_string(dim.y) + " x " +
           std::to_string(dim.z) + ", whose " + std::string(1, "xyz"[i]) +
           (sizes[i] == 0 ? " dimension is 0" : " dimension may be at most " + std::to_string(most));
  }
  return "";
}

struct LaunchMistake {
  const char* kind;
  std::string message;
  const char* hint;
};

inline LaunchMistake explain(const FailedLaunch& launch) {
  const auto& [grid, block, shared, stream, attributes, count] = launch.config;
  const std::string bad_grid =
      beyond("grid", grid, {cudaDevAttrMaxGridDimX, cudaDevAttrMaxGridDimY, cudaDevAttrMaxGridDimZ});
  if (!bad_grid.empty())
    return {"grid-size", bad_grid, "count blocks along x, where the limit is 2147483647, or loop with a grid stride"};
  const std::string bad_block =
      beyond("block", block, {cudaDevAttrMaxBlockDimX, cudaDevAttrMaxBlockDimY, cudaDevAttrMaxBlockDimZ});
  const auto threads = uint64_t(block.x) * block.y * block.z;
  const int most = limit(cudaDevAttrMaxThreadsPerBlock);
  const char* const smaller = "launch smaller blocks, and more of them";
  if (!bad_block.empty()) return {"block-size", bad_block, smaller};
  if (threads > uint64_t(most))
    return {"block-size",
            "a block of " + std::to_string(threads) + " threads, where the limit is " + std::to_string(most), smaller};
  const int bytes = limit(cudaDevAttrMaxSharedMemoryPerBlock);
  if (shared > size_t(bytes))
    return {"shared-size",
            std::to_string(shared) + " bytes of dynamic shared memory, where a kernel may use " +
                std::to_string(bytes) + " unless it asks for more",
            "call cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes) before the launch"};
  return {"launch-failed", "", "check cudaGetLastError() after every launch"};
}

/// Reports the failed launches if the test has not asked for their error.
inline void report_failed_launches() {
  if (failed_launches.empty()) return;
  const bool unchecked = cudaPeekAtLastError() != cudaSuccess;
  if (unchecked) {
    cudaGetLastError();
    for (const FailedLaunch& launch : failed_launches) {
      const LaunchMistake mistake = explain(launch);
      report(
          {"launch", mistake.kind,
           "the kernel did not run: its launch failed with " + std::string(cudaGetErrorName(launch.error)) +
               ", which the test did not check" + (mistake.message.empty() ? "" : "; it asked for " + mistake.message),
           mistake.hint, launch.kernel, "launch"},
          launch.site);
    }
  }
  failed_launches.clear();
}

inline void note_launch(cudaError_t error, const char* kernel, const cudaLaunchConfig_t& config, Site site) {
  // Errors from 700 on mean that a kernel failed while it ran, which is not the fault of the launch.
  if (error == cudaSuccess || error >= cudaErrorIllegalAddress) return;
  if (report_launches == nullptr) {
    report_launches = &report_failed_launches;
    std::atexit(report_failed_launches);  // a test may call exit()
  }
  failed_launches.push_back({kernel, config, error, site});
}

template <class... Params>
struct Kernel {
  void (*function)(Params...);
  static constexpr size_t parameters = sizeof...(Params);
};

/// Accepts a kernel that is one function, as opposed to a template whose arguments are deduced from the call.
struct Address {
  template <class... Params>
  Kernel<Params...> operator()(void (*kernel)(Params...)) const {
    return {kernel};
  }
};

template <class Resolve, size_t kArguments>
constexpr bool one_function() {
  if constexpr (std::is_invocable_v<const Resolve&, Address>)
    return std::invoke_result_t<const Resolve&, Address>::parameters == kArguments;
  return false;
}

/// Stands for a kernel that has no single address: a template with deduced arguments, or a function with default
/// arguments. Findings name it by the number of its launch.
template <int kLaunch, class Call, class... Params>
struct CalledKernel {
  static void run(Call call, Params... params) { call(params...); }
};

template <class T>
T argument(const T& value) {
  return value;
}
template <class T>
T* argument(const Array<T>& array) {
  return array;
}

template <int kLaunch, class Resolve, class Call>
struct Launch {
  const char* kernel;
  Resolve resolve;
  Call call;
  cudaLaunchConfig_t config;
  Site site;

  template <class... Args>
  LAB_INLINE void operator()(Args&&... args) const {
    if (!failed_launches.empty() && cudaPeekAtLastError() == cudaSuccess) failed_launches.clear();
    cudaError_t error;
    if constexpr (one_function<Resolve, sizeof...(Args)>()) {
      error = cudaLaunchKernelEx(&config, resolve(Address{}).function, std::forward<Args>(args)...);
    } else {
      using Called = CalledKernel<kLaunch, Call, decltype(argument(std::declval<std::decay_t<Args>>()))...>;
      error = cudaLaunchKernelEx(&config, &Called::run, call, argument(args)...);
    }
    note_launch(error, kernel, config, site);
  }
};

template <int kLaunch, class Resolve, class Call>
Launch<kLaunch, Resolve, Call> launch(const char* kernel, Resolve resolve, Call call, dim3 grid, dim3 block,
                                      size_t shared_bytes = 0, cudaStream_t stream = nullptr,
                                      Site site = Site::here()) {
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared_bytes;
  config.stream = stream;
  return {kernel, resolve, call, config, site};
}

/// Stands for a declaration `extern __shared__ T name[]` outside of functions.
template <class T>
struct DynamicShared {
  operator T*() const { return static_cast<T*>(softgpu::dynamic_shared_memory()); }
};

}  // namespace lab::detail
