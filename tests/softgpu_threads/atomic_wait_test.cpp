// Loops that wait for another thread of the block with an atomic: an atomic that changes nothing lets that thread run.
#include "softgpu/runtime_support.h"

namespace {

using AtomicWait = RuntimeTest;

template <class Read>
__global__ void wait_for_flag(unsigned* flag, Read read) {
  if (threadIdx.x == 63) atomicExch(flag, 1u);
  while (read(flag) == 0) {
  }
  atomicAdd(flag + 1, 1u);
}

template <class Read>
void expect_that_it_ends(Read read) {
  unsigned* const flag = device_array(std::vector<unsigned>(2));
  ASSERT_CUDA(launch(wait_for_flag<Read>, 1, 64, 0, nullptr, flag, read));
  ASSERT_CUDA(cudaDeviceSynchronize());
  EXPECT_EQ(host_copy(flag + 1, 1)[0], 64u);
}

TEST_F(AtomicWait, Add) {
  expect_that_it_ends([](unsigned* p) { return atomicAdd(p, 0u); });
}
TEST_F(AtomicWait, Subtract) {
  expect_that_it_ends([](unsigned* p) { return atomicSub(p, 0u); });
}
TEST_F(AtomicWait, Or) {
  expect_that_it_ends([](unsigned* p) { return atomicOr(p, 0u); });
}
TEST_F(AtomicWait, And) {
  expect_that_it_ends([](unsigned* p) { return atomicAnd(p, ~0u); });
}
TEST_F(AtomicWait, Xor) {
  expect_that_it_ends([](unsigned* p) { return atomicXor(p, 0u); });
}
TEST_F(AtomicWait, CompareAndSwap) {
  expect_that_it_ends([](unsigned* p) { return atomicCAS(p, 2u, 3u); });
}

}  // namespace
