// Tests of strict mode: memory of the pool.
#include "strict_support.h"

namespace {

using StrictPoolDeathTest = SeparateProcess;

__global__ void add(int* value, int amount) { *value += amount; }

TEST_F(StrictPoolDeathTest, MemoryIsFreedInStreamOrder) {
  const auto body = [] {
    be_strict();
    const cudaStream_t stream = new_stream();
    int* out = device_array<int>({0});
    for (int i = 0; i < 10; ++i) {
      int* temporary = nullptr;
      EXPECT_CUDA(cudaMallocAsync(&temporary, 400, stream));
      EXPECT_CUDA(cudaMemsetAsync(temporary, 0, 400, stream));
      EXPECT_CUDA(launch(add, 1, 1, 0, stream, temporary, i));
      EXPECT_CUDA(cudaMemcpyAsync(out, temporary, 4, cudaMemcpyDeviceToDevice, stream));
      EXPECT_CUDA(cudaFreeAsync(temporary, stream));
      EXPECT_EQ(cudaFreeAsync(temporary, stream), cudaErrorInvalidValue);
    }
    EXPECT_CUDA(cudaStreamSynchronize(stream));
    EXPECT_EQ(host_copy(out, 1)[0], 9);
    finish();
  };
  EXPECT_EXIT(body(), kPasses, "");
}

TEST_F(StrictPoolDeathTest, QueuedFreesMakeRoom) {
  const auto body = [] {
    setenv("SOFTGPU_MEMORY", "1M", 1);
    be_strict();
    for (int i = 0; i < 20; ++i) {
      void* temporary = nullptr;
      EXPECT_CUDA(cudaMallocAsync(&temporary, 300 << 10, nullptr));
      EXPECT_CUDA(cudaFreeAsync(temporary, nullptr));
    }
    finish();
  };
  EXPECT_EXIT(body(), kPasses, "");
}

}  // namespace
