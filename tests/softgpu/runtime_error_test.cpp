// Tests of errors: codes, texts, the last error, and a device that has failed.
#include <stdexcept>
#include <string>
#include <thread>

#include "runtime_support.h"

namespace {

using RuntimeError = RuntimeTest;

__global__ void throwing_kernel(int block) {
  if (static_cast<int>(blockIdx.x) == block) throw std::runtime_error("planted");
}

__global__ void empty_kernel() {}

TEST_F(RuntimeError, CodesNamesAndTextsAreTheToolkits) {
  EXPECT_EQ(static_cast<int>(cudaErrorInvalidValue), 1);
  EXPECT_EQ(static_cast<int>(cudaErrorMemoryAllocation), 2);
  EXPECT_EQ(static_cast<int>(cudaErrorInvalidConfiguration), 9);
  EXPECT_EQ(static_cast<int>(cudaErrorInvalidResourceHandle), 400);
  EXPECT_EQ(static_cast<int>(cudaErrorLaunchFailure), 719);
  EXPECT_EQ(static_cast<int>(cudaErrorNotSupported), 801);
  EXPECT_EQ(static_cast<int>(cudaErrorStreamCaptureUnsupported), 900);
  EXPECT_STREQ(cudaGetErrorName(cudaErrorMemoryAllocation), "cudaErrorMemoryAllocation");
  EXPECT_STREQ(cudaGetErrorString(cudaErrorMemoryAllocation), "out of memory");
  EXPECT_STREQ(cudaGetErrorString(cudaSuccess), "no error");
  EXPECT_STREQ(cudaGetErrorName(static_cast<cudaError_t>(12345)), "unrecognized error code");
}

TEST_F(RuntimeError, LastErrorStaysUntilItIsFetched) {
  EXPECT_EQ(cudaSetDevice(7), cudaErrorInvalidDevice);
  int device = -1;
  EXPECT_CUDA(cudaGetDevice(&device));
  EXPECT_EQ(cudaPeekAtLastError(), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaPeekAtLastError(), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidDevice);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
}

TEST_F(RuntimeError, LastErrorBelongsToTheThread) {
  EXPECT_EQ(cudaSetDevice(7), cudaErrorInvalidDevice);
  std::thread([] { EXPECT_EQ(cudaGetLastError(), cudaSuccess); }).join();
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidDevice);
}

TEST_F(RuntimeError, ExceptionInAKernelFailsTheDeviceForGood) {
  for (const unsigned blocks : {1u, 100u}) {
    const int last = static_cast<int>(blocks) - 1;
    EXPECT_EQ(outcome(launch(throwing_kernel, blocks, 1, 0, nullptr, last)), cudaErrorLaunchFailure);
    EXPECT_EQ(cudaGetLastError(), cudaErrorLaunchFailure);
    EXPECT_EQ(cudaGetLastError(), cudaErrorLaunchFailure);
    void* pointer = nullptr;
    EXPECT_EQ(cudaMalloc(&pointer, 16), cudaErrorLaunchFailure);
    EXPECT_EQ(launch(empty_kernel, 1, 1, 0, nullptr), cudaErrorLaunchFailure);
    EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorLaunchFailure);
    EXPECT_CUDA(cudaDeviceReset());
    EXPECT_CUDA(cudaGetLastError());
    EXPECT_CUDA(launch(empty_kernel, 1, 1, 0, nullptr));
  }
}

TEST_F(RuntimeError, ARefusedLaunchDoesNotFailTheDevice) {
  EXPECT_EQ(launch(empty_kernel, 0, 1, 0, nullptr), cudaErrorInvalidConfiguration);
  EXPECT_CUDA(launch(empty_kernel, 1, 1, 0, nullptr));
  EXPECT_EQ(cudaGetLastError(), cudaErrorInvalidConfiguration);
}

TEST_F(RuntimeError, DeviceIsDescribed) {
  int count = 0, value = 0;
  EXPECT_CUDA(cudaGetDeviceCount(&count));
  EXPECT_EQ(count, 1);
  cudaDeviceProp properties{};
  EXPECT_CUDA(cudaGetDeviceProperties(&properties, 0));
  EXPECT_NE(std::string(properties.name).find("softgpu"), std::string::npos);
  EXPECT_GE(properties.multiProcessorCount, 1);
  EXPECT_CUDA(cudaDeviceGetAttribute(&value, cudaDevAttrMaxSharedMemoryPerBlockOptin, 0));
  EXPECT_EQ(value, 227 * 1024);
  EXPECT_CUDA(cudaDeviceGetAttribute(&value, cudaDevAttrMultiProcessorCount, 0));
  EXPECT_EQ(value, properties.multiProcessorCount);
  EXPECT_EQ(cudaDeviceGetAttribute(&value, static_cast<cudaDeviceAttr>(9999), 0), cudaErrorInvalidValue);
  EXPECT_EQ(cudaDeviceGetAttribute(&value, cudaDevAttrWarpSize, 1), cudaErrorInvalidDevice);
  EXPECT_CUDA(cudaRuntimeGetVersion(&value));
  EXPECT_EQ(value, CUDART_VERSION);
}

}  // namespace
