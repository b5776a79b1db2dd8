#pragma once

#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

/// Helpers of the runtime tests.

#define ASSERT_CUDA(call) ASSERT_EQ(call, cudaSuccess)
#define EXPECT_CUDA(call) EXPECT_EQ(call, cudaSuccess)

/// Resets the device after every test, so that errors, streams, events and device memory do not affect the next one.
class RuntimeTest : public ::testing::Test {
 protected:
  void SetUp() override { cudaDeviceReset(); }
  void TearDown() override { cudaDeviceReset(); }
};

/// Whether the program runs with SOFTGPU_STRICT=1: work is deferred, and the host cannot access device memory.
inline bool deferred() {
  const char* text = std::getenv("SOFTGPU_STRICT");
  return text != nullptr && std::string_view(text) == "1";
}

/// Whether memory is checked in this run. If so, freed memory is not reused and sizes are exact.
inline bool memory_is_checked() { return softgpu::kInstrumented || deferred(); }

/// The error of work whose enqueueing returned `error`, once the work has run.
inline cudaError_t outcome(cudaError_t error) { return error != cudaSuccess ? error : cudaDeviceSynchronize(); }

template <class... Params, class... Args>
cudaError_t launch(void (*kernel)(Params...), dim3 grid, dim3 block, size_t shared, cudaStream_t stream,
                   Args&&... args) {
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared;
  config.stream = stream;
  return cudaLaunchKernelEx(&config, kernel, std::forward<Args>(args)...);
}

template <class T>
T* device_array(const std::vector<T>& values) {
  T* array = nullptr;
  EXPECT_CUDA(cudaMalloc(&array, values.size() * sizeof(T)));
  EXPECT_CUDA(cudaMemcpy(array, values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice));
  EXPECT_CUDA(cudaDeviceSynchronize());  // streams that do not wait for the copy might otherwise run before it
  return array;
}

template <class T>
std::vector<T> host_copy(const T* array, size_t count) {
  std::vector<T> values(count);
  EXPECT_CUDA(cudaMemcpy(values.data(), array, count * sizeof(T), cudaMemcpyDeviceToHost));
  return values;
}
