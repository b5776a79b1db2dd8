#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "runtime_support.h"

/// Runs statements in a process of their own with settings that the runtime reads once.

/// Ends the process: 0 when no expectation failed.
[[noreturn]] inline void finish() { std::exit(::testing::Test::HasFailure() ? 1 : 0); }

inline void be_strict(const char* seed = "0") {
  setenv("SOFTGPU_STRICT", "1", 1);
  setenv("SOFTGPU_SEED", seed, 1);
}

/// For suites whose tests fork: each test starts the program again, because threads do not survive a fork.
class SeparateProcess : public ::testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

inline const auto kPasses = ::testing::ExitedWithCode(0);

inline cudaStream_t new_stream(unsigned int flags = cudaStreamNonBlocking) {
  cudaStream_t stream = nullptr;
  EXPECT_CUDA(cudaStreamCreateWithFlags(&stream, flags));
  return stream;
}

inline cudaEvent_t new_event() {
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

/// Captures the work that `enqueue()` gives to the stream as a graph.
template <class Enqueue>
cudaGraphExec_t captured(cudaStream_t stream, Enqueue enqueue) {
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t exec = nullptr;
  EXPECT_CUDA(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  enqueue();
  EXPECT_CUDA(cudaStreamEndCapture(stream, &graph));
  EXPECT_CUDA(cudaGraphInstantiate(&exec, graph));
  EXPECT_CUDA(cudaGraphDestroy(graph));
  return exec;
}

/// How findings name a line of the tests.
inline std::string line_of(const char* file, int line) {
  return std::filesystem::path(file).filename().string() + ":" + std::to_string(line);
}

// The calls that findings must name are on lines of their own.
inline const std::string kReads = line_of(__FILE__, __LINE__ + 1);
inline int read(const int* memory) { return *static_cast<const volatile int*>(memory); }
inline const std::string kWrites = line_of(__FILE__, __LINE__ + 1);
inline void write(int* memory, int value) { *static_cast<volatile int*>(memory) = value; }
