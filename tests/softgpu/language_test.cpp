// Tests of the language: vector types, bit functions, arithmetic, warps of one lane, and atomics.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <type_traits>

namespace {

TEST(Language, VectorTypesHaveTheToolkitsSizesAndAlignments) {
  static_assert(sizeof(float2) == 8 && alignof(float2) == 8);
  static_assert(sizeof(float3) == 12 && alignof(float3) == 4);
  static_assert(sizeof(float4) == 16 && alignof(float4) == 16);
  static_assert(sizeof(int4) == 16 && alignof(int4) == 16 && alignof(uint2) == 8);
  static_assert(sizeof(double2) == 16 && alignof(double2) == 16);
  static_assert(sizeof(uchar4) == 4 && alignof(uchar4) == 4 && alignof(short4) == 8);
  static_assert(sizeof(longlong2) == 16 && alignof(longlong2) == 16);
  static_assert(std::is_trivially_copyable_v<float4>);
  EXPECT_EQ(make_float4(1, 2, 3, 4).w, 4);
  EXPECT_EQ(make_uint2(1, 2).y, 2u);
  const dim3 extent(5);
  EXPECT_EQ(extent.x * 100 + extent.y * 10 + extent.z, 511u);
}

TEST(Language, BitFunctions) {
  EXPECT_EQ(__popc(0xf0f0u), 8);
  EXPECT_EQ(__popcll(~0ull), 64);
  EXPECT_EQ(__clz(0), 32);
  EXPECT_EQ(__clz(1), 31);
  EXPECT_EQ(__clz(-1), 0);
  EXPECT_EQ(__clzll(1), 63);
  EXPECT_EQ(__ffs(0), 0);
  EXPECT_EQ(__ffs(8), 4);
  EXPECT_EQ(__ffsll(1ll << 40), 41);
  EXPECT_EQ(__brev(1u), 0x80000000u);
  EXPECT_EQ(__brev(0x12345678u), 0x1e6a2c48u);
  EXPECT_EQ(__umulhi(0xffffffffu, 0xffffffffu), 0xfffffffeu);
  EXPECT_EQ(__mulhi(-1, 1), -1);
  EXPECT_EQ(__umul64hi(~0ull, 2), 1ull);
  EXPECT_EQ(__float_as_uint(1.0f), 0x3f800000u);
  EXPECT_EQ(__uint_as_float(0xc0000000u), -2.0f);
  EXPECT_EQ(__int_as_float(__float_as_int(1.5f)), 1.5f);
}

TEST(Language, Arithmetic) {
  EXPECT_FLOAT_EQ(rsqrtf(4.0f), 0.5f);
  EXPECT_EQ(__fdividef(3.0f, 2.0f), 1.5f);
  EXPECT_EQ(__saturatef(2.0f), 1.0f);
  EXPECT_EQ(__saturatef(-2.0f), 0.0f);
  EXPECT_EQ(__saturatef(0.25f), 0.25f);
  EXPECT_EQ(__saturatef(NAN), 0.0f);
  EXPECT_EQ(min(3, -4), -4);
  EXPECT_EQ(max(int64_t{3}, int64_t{4}), 4);
}

TEST(Language, AWarpOfOneLane) {
  EXPECT_EQ(__activemask(), 1u);
  EXPECT_EQ(__shfl_sync(1, 2.5f, 0), 2.5f);
  EXPECT_EQ(__shfl_down_sync(1, 7, 16) + __shfl_up_sync(1, 7, 1) + __shfl_xor_sync(1, 7, 1), 21);
  EXPECT_EQ(__ballot_sync(1, 5), 1u);
  EXPECT_EQ(__any_sync(1, 0), 0);
  EXPECT_EQ(__all_sync(1, 2), 1);
  EXPECT_EQ(__reduce_add_sync(1, 9u), 9u);
  EXPECT_EQ(__syncthreads_count(3), 1);
  EXPECT_EQ(__syncthreads_or(0), 0);
}

TEST(Language, AtomicsReturnWhatWasThere) {
  int i = 5;
  EXPECT_EQ(atomicAdd(&i, 2), 5);
  EXPECT_EQ(atomicSub(&i, 1), 7);
  EXPECT_EQ(atomicMax(&i, 100), 6);
  EXPECT_EQ(atomicMin(&i, -3), 100);
  EXPECT_EQ(atomicCAS(&i, 1, 2), -3);
  EXPECT_EQ(atomicCAS(&i, -3, 2), -3);
  EXPECT_EQ(atomicExch(&i, 9), 2);
  EXPECT_EQ(i, 9);
  unsigned u = 1;
  EXPECT_EQ(atomicInc(&u, 1), 1u);
  EXPECT_EQ(u, 0u);
  EXPECT_EQ(atomicDec(&u, 6), 0u);
  EXPECT_EQ(u, 6u);
  EXPECT_EQ(atomicOr(&u, 1u), 6u);
  EXPECT_EQ(atomicAnd(&u, 3u), 7u);
  EXPECT_EQ(atomicXor(&u, 1u), 3u);
  EXPECT_EQ(u, 2u);
  double d = 1;
  EXPECT_EQ(atomicAdd(&d, 0.5), 1.0);
  EXPECT_EQ(d, 1.5);
}

}  // namespace
