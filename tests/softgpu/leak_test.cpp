// Tests of the leak report at exit.
#include "strict_support.h"

namespace {

using LeakDeathTest = SeparateProcess;

const auto kLeaked = ::testing::ExitedWithCode(1);

void look_for_leaks(const char* setting = "1") { setenv("SOFTGPU_LEAKS", setting, 1); }

const std::string kAllocates = line_of(__FILE__, __LINE__ + 1);
void allocate(char** device) { EXPECT_CUDA(cudaMalloc(device, 1000)); }

TEST_F(LeakDeathTest, WhatWasNeverFreedIsNamedByItsCall) {
  const auto body = [] {
    look_for_leaks();
    char *pointer = nullptr, *freed = nullptr;
    for (int i = 0; i < 3; ++i) allocate(&pointer);
    cudaMalloc(&freed, 77);
    cudaFree(freed);
    std::exit(0);
  };
  EXPECT_EXIT(body(), kLeaked,
              "^softgpu memcheck: 3000 bytes of device memory in 3 allocations were never freed.*" + kAllocates +
                  ".*cudaFree\n$");
}

TEST_F(LeakDeathTest, MemoryOfThePoolLeaksToo) {
  const auto body = [](bool frees) {
    look_for_leaks();
    void* pointer = nullptr;
    cudaMallocAsync(&pointer, 500, nullptr);
    if (frees) cudaFreeAsync(pointer, nullptr);
    std::exit(0);
  };
  EXPECT_EXIT(body(false), kLeaked, "500 bytes of device memory in 1 allocation were never freed");
  EXPECT_EXIT(body(true), kPasses, "^$");  // blocks in the cache of the pool are not leaks
}

TEST_F(LeakDeathTest, StaticObjectsMayFreeAfterMain) {
  struct Holder {
    void* memory = nullptr;
    Holder() { cudaMalloc(&memory, 64); }
    ~Holder() { cudaFree(memory); }
  };
  const auto body = [] {
    look_for_leaks();
    static Holder holder;
    std::exit(0);
  };
  EXPECT_EXIT(body(), kPasses, "^$");
}

TEST_F(LeakDeathTest, TheStatusChangesOnlyOnRequestAndOnlyFromSuccess) {
  const auto body = [](const char* setting, int status) {
    look_for_leaks(setting);
    void* pointer = nullptr;
    cudaMalloc(&pointer, 64);
    std::exit(status);
  };
  EXPECT_EXIT(body("1", 3), ::testing::ExitedWithCode(3), "64 bytes of device memory");
  EXPECT_EXIT(body("0", 0), kPasses, "^$");
}

TEST_F(LeakDeathTest, MemoryOfGraphsEndsWithThem) {
  const auto body = [] {
    look_for_leaks();
    cudaStream_t stream = nullptr;
    cudaGraph_t graph = nullptr;
    int* memory = nullptr;
    EXPECT_CUDA(cudaStreamCreate(&stream));
    EXPECT_CUDA(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    EXPECT_CUDA(cudaMallocAsync(&memory, 4, stream));
    EXPECT_CUDA(cudaStreamEndCapture(stream, &graph));
    finish();
  };
  EXPECT_EXIT(body(), kPasses, "^$");
}

TEST_F(LeakDeathTest, DeferredFreesThatNothingWaitedForAreNoLeaks) {
  const auto body = [] {
    look_for_leaks();
    be_strict();
    void* pointer = nullptr;
    EXPECT_CUDA(cudaMallocAsync(&pointer, 64, nullptr));
    EXPECT_CUDA(cudaFreeAsync(pointer, nullptr));
    finish();
  };
  EXPECT_EXIT(body(), kPasses, "^$");
}

}  // namespace
