// Tests of strict mode: host code and kernels that access memory they must not.
#include <csignal>
#include <cstring>

#include "strict_support.h"

namespace {

using StrictMemoryDeathTest = SeparateProcess;

__global__ void read_beyond(const int* values, int index, int* out) { *out = values[index]; }
struct Vectors {
  const float* const* rows;
  float* sums;
};
__global__ void sum_rows(Vectors vectors, int columns) {
  float sum = 0;
  for (int i = 0; i < columns; ++i) sum += vectors.rows[blockIdx.x][i];
  vectors.sums[blockIdx.x] = sum;
}

const std::string kAllocates = line_of(__FILE__, __LINE__ + 1);
void allocate(int** device) { EXPECT_CUDA(cudaMalloc(device, 4000)); }

TEST_F(StrictMemoryDeathTest, TheHostCannotReadDeviceMemory) {
  const auto misuse = [] {
    be_strict();
    int* device = nullptr;
    allocate(&device);
    std::fprintf(stderr, "%d", read(device + 2));
  };
  EXPECT_EXIT(misuse(), ::testing::KilledBySignal(SIGSEGV),
              "^softgpu strict: host code reads device memory: 8 bytes into an allocation of 4000 bytes.*" + kReads +
                  ".*" + kAllocates + ".*cudaMemcpy");
}

TEST_F(StrictMemoryDeathTest, TheHostCannotWriteDeviceMemory) {
  const auto misuse = [] {
    be_strict();
    char* device = nullptr;
    EXPECT_CUDA(cudaMallocAsync(&device, 100, nullptr));
    EXPECT_CUDA(cudaDeviceSynchronize());
    std::memset(device, 0, 100);
  };
  EXPECT_EXIT(misuse(), ::testing::KilledBySignal(SIGSEGV), "strict: host code writes device memory: .* of device");
}

TEST_F(StrictMemoryDeathTest, HostFunctionsOfStreamsAreHostCode) {
  const auto misuse = [] {
    be_strict();
    int* device = device_array<int>({1});
    EXPECT_CUDA(cudaLaunchHostFunc(
        nullptr, [](void* pointer) { write(static_cast<int*>(pointer), read(static_cast<int*>(pointer)) + 1); },
        device));
    EXPECT_CUDA(cudaDeviceSynchronize());
  };
  EXPECT_EXIT(misuse(), ::testing::KilledBySignal(SIGSEGV),
              "host code reads device memory: 0 bytes into an allocation of 4 bytes");
}

TEST_F(StrictMemoryDeathTest, FreedMemoryIsNamed) {
  const auto misuse = [] {
    be_strict();
    char* device = nullptr;
    EXPECT_CUDA(cudaMalloc(&device, 100));
    EXPECT_CUDA(cudaFree(device));
    static_cast<volatile char*>(device)[7] = 1;
  };
  EXPECT_EXIT(misuse(), ::testing::KilledBySignal(SIGSEGV),
              "7 bytes into an allocation of 100 bytes of device memory that was freed");
}

TEST_F(StrictMemoryDeathTest, DeviceCodeEndsAtTheEndOfAnAllocation) {
  const auto misuse = [] {
    setenv("SOFTGPU_MODE", "fast", 1);  // thread mode makes the launch fail
    be_strict();
    int* values = nullptr;
    EXPECT_CUDA(cudaMalloc(&values, 512 * 9));
    EXPECT_CUDA(launch(read_beyond, 1, 1, 0, nullptr, values, 128 * 9, values));
    cudaDeviceSynchronize();
  };
  EXPECT_EXIT(misuse(), ::testing::KilledBySignal(SIGSEGV),
              "memcheck: .*0 bytes beyond the end of an allocation of 4608 bytes");
}

TEST_F(StrictMemoryDeathTest, InThreadModeALaunchFailsAndTheNearestAllocationIsNamed) {
  const auto body = [](int index) {
    setenv("SOFTGPU_MODE", "threads", 1);
    be_strict();
    int *before = nullptr, *values = nullptr;
    EXPECT_CUDA(cudaMalloc(&before, 4096));
    allocate(&values);
    EXPECT_EQ(outcome(launch(read_beyond, 1, 1, 0, nullptr, values, index, values)), cudaErrorIllegalAddress);
    EXPECT_CUDA(cudaDeviceReset());
    finish();
  };
  const std::string start = "memcheck: read of address 0x[0-9a-f]+ .",
                    end = " an allocation of 4000 bytes of device memory.*" + kAllocates;
  EXPECT_EXIT(body(1024), kPasses, start + "96 bytes beyond the end of" + end);
  EXPECT_EXIT(body(1 << 30), kPasses, start + "4294963296 bytes beyond the end of" + end);
  EXPECT_EXIT(body(-1), kPasses, start + "4 bytes before the start of" + end);
}

TEST_F(StrictMemoryDeathTest, KernelsReachMemoryThroughStructsAndMemory) {
  const auto body = [] {
    be_strict();
    constexpr int kRows = 200, kColumns = 3000;
    std::vector<const float*> rows;
    for (int i = 0; i < kRows; ++i) rows.push_back(device_array(std::vector<float>(kColumns, static_cast<float>(i))));
    float* sums = device_array(std::vector<float>(kRows));
    for (int launches = 0; launches < 3; ++launches) {
      EXPECT_CUDA(launch(sum_rows, kRows, 1, 0, nullptr, Vectors{device_array(rows), sums}, kColumns));
      const auto result = host_copy(sums, kRows);
      for (int i = 0; i < kRows; ++i) EXPECT_EQ(result[i], static_cast<float>(i * kColumns));
    }
    finish();
  };
  EXPECT_EXIT(body(), kPasses, "");
}

TEST_F(StrictMemoryDeathTest, FreshMemoryIsNotANumber) {
  const auto body = [] {
    be_strict();
    for (const size_t bytes : {size_t{4}, size_t{100000}}) {
      float *fresh = nullptr, *pooled = nullptr;
      EXPECT_CUDA(cudaMalloc(&fresh, bytes));
      EXPECT_CUDA(cudaMallocAsync(&pooled, bytes, nullptr));
      for (const float value : host_copy(fresh, bytes / 4)) EXPECT_NE(value, value);
      for (const float value : host_copy(pooled, bytes / 4)) EXPECT_NE(value, value);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(fresh) % 512, 0u);
    }
    finish();
  };
  EXPECT_EXIT(body(), kPasses, "");
}

}  // namespace
