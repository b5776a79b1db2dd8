#include <csignal>
#include <cstring>
#include <stdexcept>

#include "strict_support.h"

namespace {

using StrictDeathTest = SeparateProcess;

__global__ void add(int* value, int amount) { *value += amount; }
__global__ void append(int* list, int* length, int value) { list[(*length)++] = value; }
__global__ void read_pinned(const int* source, int* out) { *out = *source; }
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
__global__ void fail(int) { throw std::runtime_error("planted"); }

cudaStream_t new_stream(unsigned int flags = cudaStreamNonBlocking) {
  cudaStream_t stream = nullptr;
  EXPECT_CUDA(cudaStreamCreateWithFlags(&stream, flags));
  return stream;
}

cudaEvent_t new_event() {
  cudaEvent_t event = nullptr;
  EXPECT_CUDA(cudaEventCreate(&event));
  return event;
}

template <class T>
T* new_pinned(size_t count) {
  T* pinned = nullptr;
  EXPECT_CUDA(cudaMallocHost(&pinned, count * sizeof(T)));
  return pinned;
}

/// What findings must name, each call and access on a line of its own.
constexpr int kAllocates = __LINE__ + 1;
void allocate(int** device) { EXPECT_CUDA(cudaMalloc(device, 4000)); }
constexpr int kCopies = __LINE__ + 2;
void copy_to_device(int* device, const int* host, cudaStream_t stream) {
  EXPECT_CUDA(cudaMemcpyAsync(device, host, 4, cudaMemcpyHostToDevice, stream));
}
constexpr int kReads = __LINE__ + 1;
int read(const int* memory) { return *static_cast<const volatile int*>(memory); }
constexpr int kWrites = __LINE__ + 1;
void write(int* memory, int value) { *static_cast<volatile int*>(memory) = value; }

std::string at(int line) { return "strict_test.cpp:" + std::to_string(line); }

// --- Host and device memory are apart ------------------------------------------------------------------------------

TEST_F(StrictDeathTest, TheHostCannotReadDeviceMemory) {
  const auto misuse = [] {
    be_strict();
    int* device = nullptr;
    allocate(&device);
    std::fprintf(stderr, "%d", read(device + 2));
  };
  EXPECT_EXIT(misuse(), ::testing::KilledBySignal(SIGSEGV),
              "^softgpu strict: host code reads device memory: 8 bytes into 4000 bytes.*" + at(kReads) + ".*" +
                  at(kAllocates) + ".*cudaMemcpy");
}

TEST_F(StrictDeathTest, TheHostCannotWriteDeviceMemory) {
  const auto misuse = [] {
    be_strict();
    char* device = nullptr;
    EXPECT_CUDA(cudaMallocAsync(&device, 100, nullptr));
    EXPECT_CUDA(cudaDeviceSynchronize());
    std::memset(device, 0, 100);
  };
  EXPECT_EXIT(misuse(), ::testing::KilledBySignal(SIGSEGV), "strict: host code writes device memory: .* of device");
}

TEST_F(StrictDeathTest, HostFunctionsOfStreamsAreHostCode) {
  const auto misuse = [] {
    be_strict();
    int* device = device_array<int>({1});
    EXPECT_CUDA(cudaLaunchHostFunc(
        nullptr, [](void* pointer) { write(static_cast<int*>(pointer), read(static_cast<int*>(pointer)) + 1); },
        device));
    EXPECT_CUDA(cudaDeviceSynchronize());
  };
  EXPECT_EXIT(misuse(), ::testing::KilledBySignal(SIGSEGV), "host code reads device memory: 0 bytes into 4 bytes");
}

TEST_F(StrictDeathTest, FreedMemoryIsNamed) {
  const auto misuse = [] {
    be_strict();
    char* device = nullptr;
    EXPECT_CUDA(cudaMalloc(&device, 100));
    EXPECT_CUDA(cudaFree(device));
    static_cast<volatile char*>(device)[7] = 1;
  };
  EXPECT_EXIT(misuse(), ::testing::KilledBySignal(SIGSEGV), "7 bytes into 100 bytes of device memory that were freed");
}

TEST_F(StrictDeathTest, DeviceCodeEndsAtTheEndOfAnAllocation) {
  const auto misuse = [] {
    setenv("SOFTGPU_MODE", "fast", 1);  // thread mode makes the launch fail
    be_strict();
    int* values = nullptr;
    EXPECT_CUDA(cudaMalloc(&values, 512 * 9));
    EXPECT_CUDA(launch(read_beyond, 1, 1, 0, nullptr, values, 128 * 9, values));
    cudaDeviceSynchronize();
  };
  EXPECT_EXIT(misuse(), ::testing::KilledBySignal(SIGSEGV), "memcheck: .*0 bytes beyond the end of 4608 bytes");
}

TEST_F(StrictDeathTest, KernelsReachMemoryThroughStructsAndMemory) {
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

TEST_F(StrictDeathTest, FreshMemoryIsNotANumber) {
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

// --- Deferred work -----------------------------------------------------------------------------------------------

/// `wait(stream, event, device)` must run the launch before it.
template <class Wait>
void expect_runs_at(const char* name, Wait wait) {
  const cudaStream_t stream = new_stream(cudaStreamDefault);
  const cudaEvent_t event = new_event();
  int* device = device_array<int>({0});
  int value = 0;  // pageable memory, which kernels can reach here: shows what has run without a call
  EXPECT_CUDA(launch(add, 1, 1, 0, stream, &value, 1));
  EXPECT_CUDA(cudaEventRecord(event, stream));
  EXPECT_EQ(value, 0) << name;
  wait(stream, event, device);
  EXPECT_EQ(value, 1) << name;
}

TEST_F(StrictDeathTest, WorkRunsWhenTheHostWaitsForIt) {
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

TEST_F(StrictDeathTest, WorkOfAnotherStreamIsNotWaitedFor) {
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

TEST_F(StrictDeathTest, StreamsRunInReverseUnlessAnEventOrdersThem) {
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

TEST_F(StrictDeathTest, TheLegacyStreamIsOrderedWithBlockingStreams) {
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

TEST_F(StrictDeathTest, AStreamThatIsDestroyedFinishesItsWork) {
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

TEST_F(StrictDeathTest, QueuesAreBounded) {
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

TEST_F(StrictDeathTest, ErrorsOfDeferredWorkComeFromTheCallThatWaits) {
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

TEST_F(StrictDeathTest, EventsHaveNoTimeBeforeTheyHappen) {
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

TEST_F(StrictDeathTest, AGraphLaunchIsOneDeferredOperation) {
  const auto body = [] {
    be_strict();
    int value = 0;
    const cudaStream_t stream = new_stream();
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t exec = nullptr;
    EXPECT_CUDA(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    for (int i = 0; i < 3; ++i) EXPECT_CUDA(launch(add, 1, 1, 0, stream, &value, 1));
    EXPECT_CUDA(cudaStreamEndCapture(stream, &graph));
    EXPECT_CUDA(cudaGraphInstantiate(&exec, graph));
    EXPECT_CUDA(cudaGraphDestroy(graph));
    EXPECT_CUDA(cudaGraphLaunch(exec, stream));
    EXPECT_CUDA(cudaGraphExecDestroy(exec));
    EXPECT_EQ(value, 0);
    EXPECT_EQ(cudaStreamQuery(stream), cudaSuccess);  // which made progress: the one operation there was
    EXPECT_EQ(value, 3);
    finish();
  };
  EXPECT_EXIT(body(), kPasses, "");
}

TEST_F(StrictDeathTest, MemoryIsFreedInStreamOrder) {
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

TEST_F(StrictDeathTest, QueuedFreesMakeRoom) {
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

// --- Copies ------------------------------------------------------------------------------------------------------

TEST_F(StrictDeathTest, PageableSourcesAreStagedAtTheCall) {
  const auto body = [] {
    be_strict();
    const cudaStream_t stream = new_stream();
    int* device = device_array<int>({0, 0});
    std::vector<int> host{1, 2};
    EXPECT_CUDA(cudaMemcpyAsync(device, host.data(), 8, cudaMemcpyHostToDevice, stream));
    host.assign({3, 4});
    EXPECT_CUDA(cudaMemcpyAsync(host.data(), device, 8, cudaMemcpyDeviceToHost, stream));
    EXPECT_EQ(host, (std::vector<int>{1, 2}));  // back in pageable memory when the call returns
    std::vector<char> rows{'a', 'b', 'c', 'd', 'e', 'f'}, back(4);
    char* packed = device_array(std::vector<char>(4));
    EXPECT_CUDA(cudaMemcpy2DAsync(packed, 2, rows.data(), 3, 2, 2, cudaMemcpyHostToDevice, stream));
    rows.assign(6, 'x');
    EXPECT_CUDA(cudaMemcpy2DAsync(back.data(), 2, packed, 2, 2, 2, cudaMemcpyDeviceToHost, stream));
    EXPECT_EQ(back, (std::vector<char>{'a', 'b', 'd', 'e'}));
    finish();
  };
  EXPECT_EXIT(body(), kPasses, "");
}

/// The documented traps of synchronous calls: a copy from pageable memory has only been staged, a copy inside the
/// device and a fill have only been enqueued when the call returns; a stream that does not wait for the legacy one is
/// ahead.
TEST_F(StrictDeathTest, SynchronousCallsLeaveWorkBehindWhereCudaDoes) {
  const auto body = [] {
    be_strict();
    const cudaStream_t other = new_stream();
    int* from = device_array<int>({5});
    const auto seen_by_other = [&](int* device) {
      int value = 0;
      EXPECT_CUDA(cudaMemcpyAsync(&value, device, 4, cudaMemcpyDeviceToHost, other));
      EXPECT_CUDA(cudaDeviceSynchronize());
      EXPECT_EQ(host_copy(device, 1)[0], 5);
      return value;
    };
    const int five = 5;
    int *a = device_array<int>({1}), *b = device_array<int>({1}), *c = device_array<int>({1});
    EXPECT_CUDA(cudaMemcpy(a, &five, 4, cudaMemcpyHostToDevice));
    EXPECT_EQ(seen_by_other(a), 1);
    EXPECT_CUDA(cudaMemcpy(b, from, 4, cudaMemcpyDeviceToDevice));
    EXPECT_EQ(seen_by_other(b), 1);
    int* pinned = new_pinned<int>(1);
    *pinned = 5;
    EXPECT_CUDA(cudaMemcpy(c, pinned, 4, cudaMemcpyHostToDevice));
    EXPECT_EQ(seen_by_other(c), 5);
    EXPECT_CUDA(cudaMemset(a, 0, 4));
    int value = 0;
    EXPECT_CUDA(cudaMemcpyAsync(&value, a, 4, cudaMemcpyDeviceToHost, other));
    EXPECT_EQ(value, 5);
    finish();
  };
  EXPECT_EXIT(body(), kPasses, "");
}

// --- Pinned memory -----------------------------------------------------------------------------------------------

TEST_F(StrictDeathTest, WritingWhatACopyStillReadsIsAFinding) {
  const auto body = [] {
    be_strict();
    const cudaStream_t stream = new_stream();
    int *pinned = new_pinned<int>(4), *device = device_array<int>({0});
    pinned[0] = 1;
    copy_to_device(device, pinned, stream);
    EXPECT_EQ(read(pinned), 1);  // which is fine
    write(pinned, 2);
    EXPECT_CUDA(cudaStreamSynchronize(stream));
    EXPECT_EQ(host_copy(device, 1)[0], 2);  // the copy came too late
    pinned[0] = 3;
    finish();
  };
  EXPECT_EXIT(
      body(), kPasses,
      std::string("^softgpu strict: host writes pinned memory which cudaMemcpyAsync, on a stream that nothing has "
                  "synchronised, still reads.*") +
          at(kWrites) + ".*" + at(kCopies) + ".*cudaStreamSynchronize[^:]*$");
}

TEST_F(StrictDeathTest, ReadingWhatACopyStillWritesIsAFinding) {
  const auto body = [] {
    be_strict();
    const cudaStream_t stream = new_stream();
    int *pinned = new_pinned<int>(4), *device = device_array<int>({7});
    pinned[0] = 1;
    EXPECT_CUDA(cudaMemcpyAsync(pinned, device, 4, cudaMemcpyDeviceToHost, stream));
    EXPECT_EQ(read(pinned), 1);
    EXPECT_CUDA(cudaStreamSynchronize(stream));
    EXPECT_EQ(pinned[0], 7);
    finish();
  };
  EXPECT_EXIT(body(), kPasses, "host reads pinned memory which cudaMemcpyAsync, .* still writes");
}

TEST_F(StrictDeathTest, KernelsUsePinnedMemoryByTheirPointers) {
  const auto body = [] {
    be_strict();
    const cudaStream_t stream = new_stream();
    int *source = new_pinned<int>(4), *sum = new_pinned<int>(4);
    source[0] = sum[0] = 1;
    EXPECT_CUDA(launch(read_pinned, 1, 1, 0, stream, source, device_array<int>({0})));
    EXPECT_EQ(read(source), 1);
    EXPECT_CUDA(cudaStreamSynchronize(stream));
    EXPECT_CUDA(launch(add, 1, 1, 0, stream, sum, 1));
    std::fprintf(stderr, "so far nothing\n");
    EXPECT_EQ(read(sum), 1);
    finish();
  };
  EXPECT_EXIT(body(), kPasses, "^so far nothing.*host reads pinned memory which .*add.*, on a stream .* still writes");
}

TEST_F(StrictDeathTest, OtherPartsOfPinnedMemoryStayUsable) {
  const auto body = [] {
    be_strict();
    const cudaStream_t stream = new_stream();
    int *pinned = new_pinned<int>(10000), *device = device_array(std::vector<int>(100, 6));
    pinned[0] = 1;
    EXPECT_CUDA(cudaMemcpyAsync(pinned + 5000, device, 400, cudaMemcpyDeviceToHost, stream));
    write(pinned + 4999, 2);  // the same page as what the copy writes
    write(pinned + 9999, 2);
    EXPECT_CUDA(cudaStreamSynchronize(stream));
    EXPECT_EQ(pinned[5000], 6);
    EXPECT_CUDA(cudaFreeHost(pinned));
    finish();
  };
  EXPECT_EXIT(body(), kPasses, "^$");
}

TEST_F(StrictDeathTest, GraphsUsePinnedMemoryFromTheirLaunchOn) {
  const auto body = [] {
    be_strict();
    const cudaStream_t stream = new_stream();
    int *pinned = new_pinned<int>(1), *device = device_array<int>({0});
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t exec = nullptr;
    EXPECT_CUDA(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    EXPECT_CUDA(cudaMemcpyAsync(device, pinned, 4, cudaMemcpyHostToDevice, stream));
    EXPECT_CUDA(cudaStreamEndCapture(stream, &graph));
    EXPECT_CUDA(cudaGraphInstantiate(&exec, graph));
    write(pinned, 4);
    EXPECT_CUDA(cudaGraphLaunch(exec, stream));
    std::fprintf(stderr, "so far nothing\n");
    write(pinned, 5);
    finish();
  };
  EXPECT_EXIT(body(), kPasses, "^so far nothing.*host writes pinned memory which cudaGraphLaunch, .* still reads");
}

}  // namespace
