#pragma once

#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <vector>

namespace cucurbit {

/// Needs warps: on the CPU it runs in thread mode.
class InThreads : public testing::Test {
#ifdef SOFTGPU
 protected:
  void SetUp() override { softgpu::set_mode(softgpu::Mode::threads); }
  void TearDown() override {
    if (was_fast_) softgpu::set_mode(softgpu::Mode::fast);
  }

 private:
  const bool was_fast_ = softgpu::one_thread_blocks();
#endif
};

template <class T>
class DeviceArray {
 public:
  explicit DeviceArray(const std::vector<T>& values) : size_(values.size()) {
    EXPECT_EQ(cudaMalloc(reinterpret_cast<void**>(&data_), size_ * sizeof(T)), cudaSuccess);
    EXPECT_EQ(cudaMemcpy(data_, values.data(), size_ * sizeof(T), cudaMemcpyHostToDevice), cudaSuccess);
  }
  ~DeviceArray() { cudaFree(data_); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  T* get() const { return data_; }
  std::vector<T> host() const {
    std::vector<T> values(size_);
    EXPECT_EQ(cudaMemcpy(values.data(), data_, size_ * sizeof(T), cudaMemcpyDeviceToHost), cudaSuccess);
    return values;
  }

 private:
  T* data_ = nullptr;
  size_t size_;
};

template <class... Params, class... Args>
void run(void (*kernel)(Params...), int blocks, int threads, Args... args) {
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(blocks);
  config.blockDim = dim3(threads);
  ASSERT_EQ(cudaLaunchKernelEx(&config, kernel, args...), cudaSuccess);
  ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
}

}  // namespace cucurbit
