// Tests of streams, events and host functions.
#include <atomic>
#include <chrono>
#include <thread>

#include "runtime_support.h"

namespace {

using RuntimeStream = RuntimeTest;

__global__ void append(int* list, int* length, int value) { list[(*length)++] = value; }

__global__ void pause_then_store(std::atomic<bool>* started, int* out) {
  *started = true;
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  *out = 1;
}

TEST_F(RuntimeStream, WorkRunsInOrderAcrossStreams) {
  if (deferred()) GTEST_SKIP() << "streams that nothing orders run in another order";
  cudaStream_t stream = nullptr;
  ASSERT_CUDA(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  int* list = device_array(std::vector<int>(4, -1));
  int* length = device_array<int>({0});
  EXPECT_CUDA(launch(append, 1, 1, 0, stream, list, length, 10));
  EXPECT_CUDA(launch(append, 1, 1, 0, nullptr, list, length, 11));
  EXPECT_CUDA(launch(append, 1, 1, 0, cudaStreamPerThread, list, length, 12));
  EXPECT_CUDA(launch(append, 1, 1, 0, cudaStreamLegacy, list, length, 13));
  EXPECT_CUDA(cudaStreamSynchronize(stream));
  EXPECT_CUDA(cudaStreamQuery(stream));
  EXPECT_EQ(host_copy(list, 4), (std::vector<int>{10, 11, 12, 13}));
}

TEST_F(RuntimeStream, CreationChecksItsArguments) {
  cudaStream_t stream = nullptr;
  EXPECT_EQ(cudaStreamCreate(nullptr), cudaErrorInvalidValue);
  EXPECT_EQ(cudaStreamCreateWithFlags(&stream, 8), cudaErrorInvalidValue);
  ASSERT_CUDA(cudaStreamCreateWithPriority(&stream, cudaStreamNonBlocking, -100));
  unsigned int flags = 0;
  int priority = 0, least = 1, greatest = 1;
  EXPECT_CUDA(cudaStreamGetFlags(stream, &flags));
  EXPECT_CUDA(cudaStreamGetPriority(stream, &priority));
  EXPECT_CUDA(cudaDeviceGetStreamPriorityRange(&least, &greatest));
  EXPECT_EQ(flags, cudaStreamNonBlocking);
  EXPECT_EQ(priority, greatest);
  EXPECT_LT(greatest, least);
}

TEST_F(RuntimeStream, DestroyedHandlesAreRefused) {
  cudaStream_t stream = nullptr, later = nullptr;
  cudaEvent_t event = nullptr;
  ASSERT_CUDA(cudaStreamCreate(&stream));
  ASSERT_CUDA(cudaEventCreate(&event));
  ASSERT_CUDA(cudaStreamDestroy(stream));
  ASSERT_CUDA(cudaEventDestroy(event));
  ASSERT_CUDA(cudaStreamCreate(&later));
  EXPECT_EQ(cudaStreamDestroy(stream), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaStreamSynchronize(stream), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaEventRecord(event, later), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaEventDestroy(event), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaStreamWaitEvent(later, event), cudaErrorInvalidResourceHandle);
  int* length = device_array<int>({0});
  EXPECT_EQ(launch(append, 1, 1, 0, stream, length, length, 1), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaStreamDestroy(nullptr), cudaErrorInvalidResourceHandle);
}

TEST_F(RuntimeStream, SynchronisingWaitsForWorkOfAnotherThread) {
  std::atomic<bool> started{false};
  int* out = device_array<int>({0});
  std::thread other([&] { EXPECT_CUDA(launch(pause_then_store, 1, 1, 0, nullptr, &started, out)); });
  if (deferred()) {  // the kernel does not start by itself: the synchronisation below runs it
    other.join();
    EXPECT_FALSE(started);
  }
  while (!deferred() && !started) std::this_thread::yield();
  EXPECT_CUDA(cudaDeviceSynchronize());
  EXPECT_TRUE(started);
  EXPECT_EQ(host_copy(out, 1)[0], 1);
  if (other.joinable()) other.join();
}

TEST_F(RuntimeStream, EventsMeasureWhatLiesBetween) {
  cudaEvent_t start = nullptr, end = nullptr, untimed = nullptr;
  ASSERT_CUDA(cudaEventCreate(&start));
  ASSERT_CUDA(cudaEventCreate(&end));
  ASSERT_CUDA(cudaEventCreateWithFlags(&untimed, cudaEventDisableTiming));
  float milliseconds = -1;
  EXPECT_EQ(cudaEventElapsedTime(&milliseconds, start, end), cudaErrorInvalidResourceHandle);
  EXPECT_CUDA(cudaEventQuery(start));  // nothing recorded, nothing to wait for
  ASSERT_CUDA(cudaEventRecord(start));
  std::atomic<bool> started{false};
  int* out = device_array<int>({0});
  ASSERT_CUDA(launch(pause_then_store, 1, 1, 0, nullptr, &started, out));
  ASSERT_CUDA(cudaEventRecord(end));
  ASSERT_CUDA(cudaEventRecord(untimed));
  EXPECT_CUDA(cudaEventSynchronize(end));
  ASSERT_CUDA(cudaEventElapsedTime(&milliseconds, start, end));
  EXPECT_GE(milliseconds, 29.0f);
  ASSERT_CUDA(cudaEventElapsedTime(&milliseconds, end, start));
  EXPECT_LE(milliseconds, -29.0f);
  EXPECT_EQ(cudaEventElapsedTime(&milliseconds, start, untimed), cudaErrorInvalidResourceHandle);
  EXPECT_EQ(cudaEventRecordWithFlags(start, nullptr, cudaEventRecordExternal), cudaErrorIllegalState);
}

void call_runtime(void* result) {
  int device = 0;
  *static_cast<cudaError_t*>(result) = cudaGetDevice(&device);
}

TEST_F(RuntimeStream, HostFunctionsMayNotCallTheRuntime) {
  cudaError_t inside = cudaSuccess;
  EXPECT_CUDA(cudaLaunchHostFunc(nullptr, call_runtime, &inside));
  EXPECT_CUDA(cudaDeviceSynchronize());
  EXPECT_EQ(inside, cudaErrorNotPermitted);
  int device = 0;
  EXPECT_CUDA(cudaGetDevice(&device));
  EXPECT_EQ(cudaLaunchHostFunc(nullptr, nullptr, nullptr), cudaErrorInvalidValue);
}

}  // namespace
