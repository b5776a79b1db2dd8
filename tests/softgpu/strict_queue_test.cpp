// Tests of strict mode: when, and in which order, deferred work runs.
#include <stdexcept>

#include "strict_support.h"

namespace {

using StrictQueueDeathTest = SeparateProcess;

__global__ void add(int* value, int amount) { *value += amount; }
__global__ void append(int* list, int* length, int value) { list[(*length)++] = value; }
__global__ void fail(int) { throw std::runtime_error("planted"); }

/// `wait(stream, event, device)` must run the launch before it.
template <class Wait>
void expect_runs_at(const char* name, Wait wait) {
  const cudaStream_t stream = new_stream(cudaStreamDefault);
  const cudaEvent_t event = new_event();
  int* device = device_array<int>({0});
  int value = 0;  // kernels can access this host memory here, so it shows what has run without any call
  EXPECT_CUDA(launch(add, 1, 1, 0, stream, &value, 1));
  EXPECT_CUDA(cudaEventRecord(event, stream));
  EXPECT_EQ(value, 0) << name;
  wait(stream, event, device);
  EXPECT_EQ(value, 1) << name;
}

TEST_F(StrictQueueDeathTest, WorkRunsWhenTheHostWaitsForIt) {
  const auto body = [] {
    be_strict();
    using S = cudaStream_t;
    using E = cudaEvent_t;
    expect_runs_at("stream", [](S stream, E, int*) { EXPECT_CUDA(cudaStreamSynchronize(stream)); });
    expect_runs_at("event", [](S, E event, int*) { EXPECT_CUDA(cudaEventSynchronize(event)); });
    expect_runs_at("device", [](S, E, int*) { EXPECT_CUDA(cudaDeviceSynchronize()); });
    expect_runs_at("copy back", [](S, E, int* device) { EXPECT_EQ(host_copy(device, 1)[0], 0); });
    expect_runs_at("copy to the device", [](S, E, int* device) {
      const int zero = 0;
      EXPECT_CUDA(cudaMemcpy(device, &zero, 4, cudaMemcpyHostToDevice));
    });
    expect_runs_at("free", [](S, E, int* device) { EXPECT_CUDA(cudaFree(device)); });
    expect_runs_at("query", [](S stream, E, int*) {
      EXPECT_EQ(cudaStreamQuery(stream), cudaErrorNotReady);
      EXPECT_CUDA(cudaStreamQuery(stream));
    });
    expect_runs_at("event query", [](S, E event, int*) {
      while (cudaEventQuery(event) != cudaSuccess) {
      }
    });
    finish();
  };
  EXPECT_EXIT(body(), kPasses, "");
}

TEST_F(StrictQueueDeathTest, WorkOfAnotherStreamIsNotWaitedFor) {
  const auto body = [] {
    be_strict();
    int here = 0, there = 0;
    const cudaStream_t stream = new_stream();
    EXPECT_CUDA(launch(add, 1, 1, 0, new_stream(), &there, 1));
    EXPECT_CUDA(launch(add, 1, 1, 0, stream, &here, 1));
    EXPECT_CUDA(cudaStreamSynchronize(stream));
    EXPECT_EQ(here, 1);
    EXPECT_EQ(there, 0);
    EXPECT_CUDA(cudaDeviceReset());  // drops what is left
    EXPECT_CUDA(cudaDeviceSynchronize());
    EXPECT_EQ(there, 0);
    finish();
  };
  EXPECT_EXIT(body(), kPasses, "");
}

/// Appends 1 in one stream and 2 in another, which waits for an event of the first when `ordered`.
std::vector<int> order_of_two_streams(bool ordered, unsigned int flags = cudaStreamNonBlocking) {
  int* list = device_array<int>({0, 0});
  int* length = device_array<int>({0});
  const cudaStream_t first = new_stream(flags), second = new_stream(flags);
  const cudaEvent_t event = new_event();
  EXPECT_CUDA(launch(append, 1, 1, 0, first, list, length, 1));
  EXPECT_CUDA(cudaEventRecord(event, first));
  if (ordered) {
    EXPECT_CUDA(cudaStreamWaitEvent(second, event));
  }
  EXPECT_CUDA(launch(append, 1, 1, 0, second, list, length, 2));
  EXPECT_CUDA(cudaDeviceSynchronize());
  return host_copy(list, 2);
}

TEST_F(StrictQueueDeathTest, StreamsRunInReverseUnlessAnEventOrdersThem) {
  const auto body = [](const char* seed) {
    be_strict(seed);
    int reversed = 0;
    for (int i = 0; i < 20; ++i) {
      EXPECT_EQ(order_of_two_streams(true), (std::vector<int>{1, 2}));
      reversed += order_of_two_streams(false) == std::vector<int>{2, 1};
    }
    if (std::string(seed) == "0") {
      EXPECT_EQ(reversed, 20);
    } else {
      EXPECT_GT(reversed, 2);
      EXPECT_LT(reversed, 18);
    }
    finish();
  };
  for (const char* seed : {"0", "1", "2", "77"}) EXPECT_EXIT(body(seed), kPasses, "");
}

TEST_F(StrictQueueDeathTest, TheLegacyStreamIsOrderedWithBlockingStreams) {
  const auto body = [](const char* seed) {
    be_strict(seed);
    for (int i = 0; i < 10; ++i) {
      int* list = device_array(std::vector<int>(3, 0));
      int* length = device_array<int>({0});
      EXPECT_CUDA(launch(append, 1, 1, 0, new_stream(cudaStreamDefault), list, length, 1));
      EXPECT_CUDA(launch(append, 1, 1, 0, nullptr, list, length, 2));
      EXPECT_CUDA(launch(append, 1, 1, 0, new_stream(cudaStreamDefault), list, length, 3));
      EXPECT_EQ(host_copy(list, 3), (std::vector<int>{1, 2, 3}));
    }
    finish();
  };
  for (const char* seed : {"0", "5"}) EXPECT_EXIT(body(seed), kPasses, "");
}

TEST_F(StrictQueueDeathTest, AStreamThatIsDestroyedFinishesItsWork) {
  const auto body = [] {
    be_strict();
    int value = 0;
    const cudaStream_t stream = new_stream();
    EXPECT_CUDA(launch(add, 1, 1, 0, stream, &value, 1));
    EXPECT_CUDA(cudaStreamDestroy(stream));
    EXPECT_EQ(value, 0);
    EXPECT_CUDA(cudaDeviceSynchronize());
    EXPECT_EQ(value, 1);
    finish();
  };
  EXPECT_EXIT(body(), kPasses, "");
}

TEST_F(StrictQueueDeathTest, QueuesAreBounded) {
  const auto body = [] {
    be_strict();
    int value = 0;
    const cudaStream_t stream = new_stream();
    for (int i = 0; i < 3000; ++i) EXPECT_CUDA(launch(add, 1, 1, 0, stream, &value, 1));
    EXPECT_GE(value, 1000);
    EXPECT_LT(value, 3000);
    EXPECT_CUDA(cudaStreamSynchronize(stream));
    EXPECT_EQ(value, 3000);
    finish();
  };
  EXPECT_EXIT(body(), kPasses, "");
}

TEST_F(StrictQueueDeathTest, ErrorsOfDeferredWorkComeFromTheCallThatWaits) {
  const auto body = [] {
    be_strict();
    int value = 0;
    const cudaStream_t stream = new_stream();
    EXPECT_CUDA(launch(fail, 1, 1, 0, stream, 0));
    EXPECT_CUDA(launch(add, 1, 1, 0, stream, &value, 1));
    EXPECT_CUDA(cudaGetLastError());
    EXPECT_EQ(cudaStreamSynchronize(stream), cudaErrorLaunchFailure);
    EXPECT_EQ(cudaDeviceSynchronize(), cudaErrorLaunchFailure);
    EXPECT_EQ(launch(add, 1, 1, 0, stream, &value, 1), cudaErrorLaunchFailure);
    EXPECT_CUDA(cudaDeviceReset());
    EXPECT_CUDA(outcome(launch(add, 1, 1, 0, nullptr, &value, 1)));
    EXPECT_EQ(value, 1);  // what was behind the failed launch was dropped
    finish();
  };
  EXPECT_EXIT(body(), kPasses, "exception in device work: planted");
}

TEST_F(StrictQueueDeathTest, EventsHaveNoTimeBeforeTheyHappen) {
  const auto body = [] {
    be_strict();
    const cudaEvent_t start = new_event(), end = new_event();
    EXPECT_CUDA(cudaEventRecord(start));
    EXPECT_CUDA(cudaEventRecord(end));
    float milliseconds = -1;
    EXPECT_EQ(cudaEventElapsedTime(&milliseconds, start, end), cudaErrorNotReady);
    EXPECT_CUDA(cudaEventSynchronize(end));
    EXPECT_CUDA(cudaEventElapsedTime(&milliseconds, start, end));
    EXPECT_GE(milliseconds, 0.0f);
    finish();
  };
  EXPECT_EXIT(body(), kPasses, "");
}

TEST_F(StrictQueueDeathTest, AGraphLaunchIsOneDeferredOperation) {
  const auto body = [] {
    be_strict();
    int value = 0;
    const cudaStream_t stream = new_stream();
    const cudaGraphExec_t exec = captured(stream, [&] {
      for (int i = 0; i < 3; ++i) EXPECT_CUDA(launch(add, 1, 1, 0, stream, &value, 1));
    });
    EXPECT_CUDA(cudaGraphLaunch(exec, stream));
    EXPECT_CUDA(cudaGraphExecDestroy(exec));
    EXPECT_EQ(value, 0);
    EXPECT_EQ(cudaStreamQuery(stream), cudaSuccess);  // which made progress: the one operation there was
    EXPECT_EQ(value, 3);
    finish();
  };
  EXPECT_EXIT(body(), kPasses, "");
}

}  // namespace
