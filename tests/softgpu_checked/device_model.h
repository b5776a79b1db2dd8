#pragma once

#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "check/check.h"
#include "finding.h"

// The functions that instrumented code calls.
extern "C" {
void __tsan_read1(void*);
void __tsan_read2(void*);
void __tsan_read4(void*);
void __tsan_read8(void*);
void __tsan_read16(void*);
void __tsan_write1(void*);
void __tsan_write2(void*);
void __tsan_write4(void*);
void __tsan_write8(void*);
void __tsan_write16(void*);
void __tsan_unaligned_write4(void*);
void __tsan_volatile_read4(void*);
void __tsan_volatile_write4(void*);
void __tsan_read_range(void*, size_t);
void __tsan_write_range(void*, size_t);
unsigned __tsan_atomic32_load(const volatile unsigned*, int);
void __tsan_atomic32_store(volatile unsigned*, unsigned, int);
unsigned __tsan_atomic32_fetch_add(volatile unsigned*, unsigned, int);
void __tsan_atomic_thread_fence(int);
}

/// A device without a scheduler: tests decide which thread does what, and when threads meet at a barrier.
class DeviceModel : public testing::Test {
 protected:
  static constexpr size_t kWords = 4096;
  static constexpr size_t kDynamicWords = 64;

  void SetUp() override {
    news();
    memory_.resize(kWords);
    dynamic_.resize(kDynamicWords);
    softgpu::check::allocated(memory_.data(), kWords * 4);
    softgpu::check::writes(memory_.data(), kWords * 4, "the test");
  }
  void TearDown() override { softgpu::check::freed(memory_.data(), kWords * 4); }

  void launch(unsigned threads, unsigned blocks = 1, bool cooperative = false) {
    softgpu::check::begin_launch(reinterpret_cast<const void*>(&__tsan_read1), dim3(blocks), dim3(threads),
                                 kDynamicWords * 4, cooperative);
    begin_block(0);
  }

  void begin_block(unsigned block) { softgpu::check::begin_block(block, dynamic_.data()); }

  /// Ends the launch and returns the number of findings since the last call.
  uint64_t findings() {
    softgpu::check::end_launch();
    return news();
  }
  static uint64_t news() {
    static uint64_t before = 0;
    const uint64_t after = softgpu::finding_count(), count = after - before;
    before = after;
    return count;
  }

  /// Runs `what` as a CUDA thread.
  template <class What>
  static void as(unsigned thread, What what) {
    softgpu::check::run_thread(thread);
    what();
    softgpu::check::run_thread(softgpu::check::kNoThread);
  }
  static void read(unsigned thread, void* p) {
    as(thread, [p] { __tsan_read4(p); });
  }
  static void write(unsigned thread, void* p) {
    as(thread, [p] { __tsan_write4(p); });
  }
  static void add(unsigned thread, unsigned* p) {
    as(thread, [p] { __tsan_atomic32_fetch_add(p, 1, __ATOMIC_RELAXED); });
  }
  static void fence(unsigned thread) {
    as(thread, [] { __tsan_atomic_thread_fence(__ATOMIC_SEQ_CST); });
  }
  static void fence_block(unsigned thread) {
    as(thread, [] { __tsan_atomic_thread_fence(__ATOMIC_ACQ_REL); });
  }

  unsigned* word(size_t index) { return &memory_[index]; }
  unsigned* dynamic(size_t index) { return &dynamic_[index]; }

 private:
  std::vector<unsigned> memory_, dynamic_;
};
