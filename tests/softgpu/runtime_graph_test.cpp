#include <algorithm>

#include "runtime_support.h"

namespace {

/// A stream that captures, and a counter on the device for it to work on.
class RuntimeGraph : public RuntimeTest {
 protected:
  void SetUp() override {
    RuntimeTest::SetUp();
    ASSERT_CUDA(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
    ASSERT_CUDA(cudaStreamCreateWithFlags(&side_, cudaStreamNonBlocking));
    ASSERT_CUDA(cudaEventCreate(&event_));
    ASSERT_CUDA(cudaEventCreate(&back_));
    counter_ = device_array<int>({0});
  }

  void begin(cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal) {
    ASSERT_CUDA(cudaStreamBeginCapture(stream_, mode));
  }
  cudaGraphExec_t end() {
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t exec = nullptr;
    EXPECT_CUDA(cudaStreamEndCapture(stream_, &graph));
    EXPECT_CUDA(cudaGraphInstantiate(&exec, graph));
    EXPECT_CUDA(cudaGraphDestroy(graph));
    return exec;
  }
  /// Expects that the capture was invalidated.
  void expect_invalidated() {
    cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
    EXPECT_CUDA(cudaStreamIsCapturing(stream_, &status));
    EXPECT_EQ(status, cudaStreamCaptureStatusInvalidated);
    cudaGraph_t graph = nullptr;
    EXPECT_EQ(cudaStreamEndCapture(stream_, &graph), cudaErrorStreamCaptureInvalidated);
    EXPECT_EQ(graph, nullptr);
    EXPECT_CUDA(cudaStreamIsCapturing(stream_, &status));
    EXPECT_EQ(status, cudaStreamCaptureStatusNone);
    EXPECT_CUDA(cudaStreamSynchronize(stream_));
  }
  int counter() {
    EXPECT_CUDA(cudaDeviceSynchronize());
    return host_copy(counter_, 1)[0];
  }

  cudaStream_t stream_ = nullptr, side_ = nullptr;
  cudaEvent_t event_ = nullptr, back_ = nullptr;
  int* counter_ = nullptr;
};

__global__ void add(int* counter, int value) { *counter += value; }
__global__ void multiply(int* counter, int factor) { *counter *= factor; }
__global__ void axpy(float* y, const float* x, float a, int n) {
  for (int i = static_cast<int>(blockIdx.x); i < n; i += static_cast<int>(gridDim.x)) y[i] += a * x[i];
}
void increment(void* value) { ++*static_cast<int*>(value); }

TEST_F(RuntimeGraph, CaptureRecordsAndDoesNotRun) {
  begin();
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  EXPECT_CUDA(cudaStreamIsCapturing(stream_, &status));
  EXPECT_EQ(status, cudaStreamCaptureStatusActive);
  EXPECT_CUDA(launch(add, 1, 1, 0, stream_, counter_, 3));
  const cudaGraphExec_t exec = end();
  EXPECT_EQ(counter(), 0);
  for (int i = 1; i <= 3; ++i) {
    EXPECT_CUDA(cudaGraphLaunch(exec, stream_));
    EXPECT_EQ(counter(), 3 * i);
  }
  EXPECT_CUDA(cudaGraphExecDestroy(exec));
  EXPECT_EQ(cudaGraphExecDestroy(exec), cudaErrorInvalidValue);
  EXPECT_EQ(cudaGraphLaunch(exec, stream_), cudaErrorInvalidValue);
}

TEST_F(RuntimeGraph, ReplayEqualsEager) {
  constexpr int kSize = 1000;
  std::vector<float> start(kSize), host(kSize, 0.5f);
  for (int i = 0; i < kSize; ++i) start[i] = static_cast<float>(i) / 7;
  int host_calls = 0;
  const auto step = [&](float* y, float* x) {
    EXPECT_CUDA(cudaMemcpyAsync(x, host.data(), kSize * sizeof(float), cudaMemcpyHostToDevice, stream_));
    EXPECT_CUDA(launch(axpy, 13, 1, 0, stream_, y, x, 0.3f, kSize));
    EXPECT_CUDA(cudaMemsetAsync(x, 0, 16, stream_));
    EXPECT_CUDA(launch(axpy, 1, 1, 0, stream_, y, x, -1.7f, kSize));
    EXPECT_CUDA(cudaLaunchHostFunc(stream_, increment, &host_calls));
  };
  float *x = device_array(start), *eager = device_array(start), *replayed = device_array(start);
  for (int i = 0; i < 5; ++i) step(eager, x);
  EXPECT_CUDA(cudaDeviceSynchronize());
  EXPECT_EQ(host_calls, 5);
  begin();
  step(replayed, x);
  const cudaGraphExec_t exec = end();
  EXPECT_EQ(host_calls, 5);
  for (int i = 0; i < 5; ++i) EXPECT_CUDA(cudaGraphLaunch(exec, stream_));
  EXPECT_CUDA(cudaDeviceSynchronize());
  EXPECT_EQ(host_calls, 10);
  EXPECT_EQ(host_copy(replayed, kSize), host_copy(eager, kSize));
}

TEST_F(RuntimeGraph, NodesAreListedByType) {
  begin();
  EXPECT_CUDA(launch(add, 1, 1, 0, stream_, counter_, 1));
  EXPECT_CUDA(cudaMemsetAsync(counter_, 0, 4, stream_));
  cudaGraph_t graph = nullptr;
  ASSERT_CUDA(cudaStreamEndCapture(stream_, &graph));
  size_t count = 0;
  EXPECT_CUDA(cudaGraphGetNodes(graph, nullptr, &count));
  ASSERT_EQ(count, 2u);
  cudaGraphNode_t nodes[3];
  count = 3;
  EXPECT_CUDA(cudaGraphGetNodes(graph, nodes, &count));
  EXPECT_EQ(count, 2u);
  EXPECT_EQ(nodes[2], nullptr);
  cudaGraphNodeType type{};
  EXPECT_CUDA(cudaGraphNodeGetType(nodes[0], &type));
  EXPECT_EQ(type, cudaGraphNodeTypeKernel);
  EXPECT_CUDA(cudaGraphNodeGetType(nodes[1], &type));
  EXPECT_EQ(type, cudaGraphNodeTypeMemset);
  EXPECT_CUDA(cudaGraphDestroy(graph));
  EXPECT_EQ(cudaGraphDestroy(graph), cudaErrorInvalidValue);
}

TEST_F(RuntimeGraph, BranchesJoinThroughEvents) {
  begin();
  EXPECT_CUDA(launch(add, 1, 1, 0, stream_, counter_, 2));
  EXPECT_CUDA(cudaEventRecord(event_, stream_));
  EXPECT_CUDA(cudaStreamWaitEvent(side_, event_));
  EXPECT_CUDA(launch(multiply, 1, 1, 0, side_, counter_, 10));
  EXPECT_CUDA(cudaEventRecord(back_, side_));
  float milliseconds = 0;
  EXPECT_EQ(cudaEventElapsedTime(&milliseconds, event_, back_), cudaErrorCapturedEvent);
  cudaGraph_t graph = nullptr;
  EXPECT_EQ(cudaStreamEndCapture(stream_, &graph), cudaErrorStreamCaptureInvalidated);
  EXPECT_EQ(counter(), 0);

  begin();
  EXPECT_CUDA(launch(add, 1, 1, 0, stream_, counter_, 2));
  EXPECT_CUDA(cudaEventRecord(event_, stream_));
  EXPECT_CUDA(cudaStreamWaitEvent(side_, event_));
  EXPECT_CUDA(launch(multiply, 1, 1, 0, side_, counter_, 10));
  EXPECT_CUDA(cudaEventRecord(back_, side_));
  EXPECT_CUDA(cudaStreamWaitEvent(stream_, back_));
  EXPECT_CUDA(launch(add, 1, 1, 0, stream_, counter_, 1));
  const cudaGraphExec_t exec = end();
  EXPECT_CUDA(cudaGraphLaunch(exec, stream_));
  EXPECT_EQ(counter(), 21);
  EXPECT_CUDA(launch(add, 1, 1, 0, side_, counter_, 1));  // the side stream no longer captures
  EXPECT_EQ(counter(), 22);
}

TEST_F(RuntimeGraph, UnjoinedBranchesAreRefused) {
  begin();
  EXPECT_CUDA(cudaEventRecord(event_, stream_));
  EXPECT_CUDA(cudaStreamWaitEvent(side_, event_));
  EXPECT_CUDA(launch(add, 1, 1, 0, side_, counter_, 10));
  cudaGraph_t graph = nullptr;
  EXPECT_EQ(cudaStreamEndCapture(stream_, &graph), cudaErrorStreamCaptureUnjoined);
  EXPECT_EQ(graph, nullptr);
}

TEST_F(RuntimeGraph, CaptureEndsWhereItBegan) {
  cudaGraph_t graph = nullptr;
  EXPECT_EQ(cudaStreamEndCapture(stream_, &graph), cudaErrorIllegalState);
  EXPECT_EQ(cudaStreamBeginCapture(nullptr, cudaStreamCaptureModeGlobal), cudaErrorStreamCaptureUnsupported);
  begin();
  EXPECT_EQ(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeGlobal), cudaErrorIllegalState);
  EXPECT_CUDA(cudaEventRecord(event_, stream_));
  EXPECT_CUDA(cudaStreamWaitEvent(side_, event_));
  EXPECT_EQ(cudaStreamEndCapture(side_, &graph), cudaErrorStreamCaptureUnmatched);
  expect_invalidated();
}

TEST_F(RuntimeGraph, WaitingIsRefusedAndSpoilsTheCapture) {
  begin();
  EXPECT_EQ(cudaStreamSynchronize(stream_), cudaErrorStreamCaptureUnsupported);
  EXPECT_EQ(launch(add, 1, 1, 0, stream_, counter_, 1), cudaErrorStreamCaptureInvalidated);
  expect_invalidated();
  begin();
  EXPECT_EQ(cudaStreamQuery(stream_), cudaErrorStreamCaptureUnsupported);
  expect_invalidated();
  begin();
  EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorStreamCaptureUnsupported);
  expect_invalidated();
  begin();
  EXPECT_CUDA(cudaEventRecord(event_, stream_));
  EXPECT_EQ(cudaEventSynchronize(event_), cudaErrorCapturedEvent);
  expect_invalidated();
}

TEST_F(RuntimeGraph, CallsThatMayWaitDependOnTheMode) {
  void* pointer = nullptr;
  int value = 0;
  begin();
  EXPECT_EQ(cudaMalloc(&pointer, 16), cudaErrorStreamCaptureUnsupported);
  expect_invalidated();
  begin();
  EXPECT_EQ(cudaFree(counter_), cudaErrorStreamCaptureUnsupported);
  expect_invalidated();
  begin();
  EXPECT_EQ(cudaMemcpy(&value, counter_, 4, cudaMemcpyDeviceToHost), cudaErrorStreamCaptureUnsupported);
  expect_invalidated();
  begin(cudaStreamCaptureModeRelaxed);
  EXPECT_CUDA(cudaMalloc(&pointer, 16));
  EXPECT_CUDA(cudaMemcpy(&value, counter_, 4, cudaMemcpyDeviceToHost));
  EXPECT_CUDA(cudaGraphExecDestroy(end()));
  cudaStreamCaptureMode mode = cudaStreamCaptureModeRelaxed;
  begin();
  EXPECT_CUDA(cudaThreadExchangeStreamCaptureMode(&mode));
  EXPECT_CUDA(cudaMalloc(&pointer, 16));
  EXPECT_CUDA(cudaThreadExchangeStreamCaptureMode(&mode));
  EXPECT_EQ(mode, cudaStreamCaptureModeRelaxed);
  EXPECT_CUDA(cudaGraphExecDestroy(end()));
}

TEST_F(RuntimeGraph, TheLegacyStreamMayNotMixWithBlockingCaptures) {
  begin();  // a non-blocking stream
  EXPECT_CUDA(launch(add, 1, 1, 0, nullptr, counter_, 1));
  EXPECT_CUDA(cudaGraphExecDestroy(end()));
  EXPECT_EQ(counter(), 1);
  ASSERT_CUDA(cudaStreamCreate(&stream_));
  begin();
  EXPECT_EQ(launch(add, 1, 1, 0, nullptr, counter_, 1), cudaErrorStreamCaptureImplicit);
  expect_invalidated();
  EXPECT_EQ(counter(), 1);
}

TEST_F(RuntimeGraph, CapturesAreIsolated) {
  ASSERT_CUDA(cudaEventRecord(event_, side_));
  begin();
  EXPECT_EQ(cudaStreamWaitEvent(stream_, event_), cudaErrorStreamCaptureIsolation);
  expect_invalidated();
  begin();
  ASSERT_CUDA(cudaStreamBeginCapture(side_, cudaStreamCaptureModeGlobal));
  EXPECT_CUDA(cudaEventRecord(event_, side_));
  EXPECT_EQ(cudaStreamWaitEvent(stream_, event_), cudaErrorStreamCaptureMerge);
  cudaGraph_t graph = nullptr;
  EXPECT_EQ(cudaStreamEndCapture(side_, &graph), cudaErrorStreamCaptureInvalidated);
  expect_invalidated();
}

TEST_F(RuntimeGraph, MemoryOfACaptureStaysWithTheGraph) {
  int *first = nullptr, *second = nullptr, *outside = nullptr;
  begin();
  ASSERT_CUDA(cudaMallocAsync(&first, 4, stream_));
  EXPECT_CUDA(cudaMemsetAsync(first, 0, 4, stream_));
  EXPECT_CUDA(launch(add, 1, 1, 0, stream_, first, 5));
  EXPECT_CUDA(cudaMemcpyAsync(counter_, first, 4, cudaMemcpyDeviceToDevice, stream_));
  EXPECT_CUDA(cudaFreeAsync(first, stream_));
  EXPECT_EQ(cudaFreeAsync(first, stream_), cudaErrorInvalidValue);
  ASSERT_CUDA(cudaMallocAsync(&second, 4, stream_));
  EXPECT_EQ(second == first, !memory_is_checked());  // reused inside the capture
  EXPECT_CUDA(cudaFreeAsync(second, stream_));
  EXPECT_EQ(cudaFreeAsync(counter_, stream_), cudaErrorInvalidValue);  // not of this graph
  const cudaGraphExec_t exec = end();
  ASSERT_CUDA(cudaMallocAsync(&outside, 4, stream_));
  EXPECT_NE(outside, first);  // replays still write to it
  EXPECT_CUDA(cudaGraphLaunch(exec, stream_));
  EXPECT_EQ(counter(), 5);
  EXPECT_CUDA(cudaGraphExecDestroy(exec));
  EXPECT_CUDA(cudaMallocAsync(&second, 4, stream_));
  EXPECT_EQ(second == first, !memory_is_checked());
}

TEST_F(RuntimeGraph, ResetEndsCaptures) {
  int* pointer = nullptr;
  begin();
  EXPECT_CUDA(cudaMallocAsync(&pointer, 4, stream_));
  EXPECT_CUDA(cudaDeviceReset());
  EXPECT_CUDA(cudaMalloc(&pointer, 4));  // no capture is left to forbid it
}

TEST_F(RuntimeGraph, AGraphLaunchedInACaptureBecomesANode) {
  begin();
  EXPECT_CUDA(launch(add, 1, 1, 0, stream_, counter_, 2));
  const cudaGraphExec_t inner = end();
  begin();
  EXPECT_CUDA(cudaGraphLaunch(inner, stream_));
  EXPECT_CUDA(launch(multiply, 1, 1, 0, stream_, counter_, 3));
  EXPECT_CUDA(cudaGraphLaunch(inner, stream_));
  const cudaGraphExec_t outer = end();
  EXPECT_CUDA(cudaGraphExecDestroy(inner));
  EXPECT_EQ(counter(), 0);
  EXPECT_CUDA(cudaGraphLaunch(outer, stream_));
  EXPECT_EQ(counter(), 8);
}

TEST_F(RuntimeGraph, ExternalEventsAreRecordedAtEveryLaunch) {
  begin();
  EXPECT_CUDA(cudaEventRecordWithFlags(event_, stream_, cudaEventRecordExternal));
  EXPECT_CUDA(launch(add, 1, 1, 0, stream_, counter_, 2));
  EXPECT_CUDA(cudaEventRecordWithFlags(back_, stream_, cudaEventRecordExternal));
  const cudaGraphExec_t exec = end();
  float milliseconds = -1;
  EXPECT_EQ(cudaEventElapsedTime(&milliseconds, event_, back_), cudaErrorInvalidResourceHandle);
  EXPECT_CUDA(cudaGraphLaunch(exec, stream_));
  EXPECT_CUDA(cudaEventSynchronize(back_));
  EXPECT_CUDA(cudaEventElapsedTime(&milliseconds, event_, back_));
  EXPECT_GE(milliseconds, 0.0f);
}

TEST_F(RuntimeGraph, ExternalEventsOfAGraphInAGraphAreRecordedToo) {
  begin();
  EXPECT_CUDA(launch(add, 1, 1, 0, stream_, counter_, 2));
  EXPECT_CUDA(cudaEventRecordWithFlags(event_, stream_, cudaEventRecordExternal));
  const cudaGraphExec_t inner = end();
  begin();
  EXPECT_CUDA(cudaGraphLaunch(inner, stream_));
  const cudaGraphExec_t outer = end();
  EXPECT_CUDA(cudaGraphLaunch(outer, stream_));
  EXPECT_CUDA(cudaStreamWaitEvent(side_, event_));
  EXPECT_CUDA(launch(multiply, 1, 1, 0, side_, counter_, 10));
  EXPECT_EQ(counter(), 20);
  float milliseconds = -1;
  EXPECT_CUDA(cudaEventElapsedTime(&milliseconds, event_, event_));
  EXPECT_EQ(milliseconds, 0.0f);
}

}  // namespace
