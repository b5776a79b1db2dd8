// Tests of bfloat16: every conversion and operation against exact arithmetic.
#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

#include "softgpu/bfloat16_vector.h"

namespace {

uint16_t bits_of(__nv_bfloat16 value) { return std::bit_cast<uint16_t>(value); }

/// The value of a bf16 pattern, from its fields. Infinity stands for 2^128, the next value of the format's grid.
double grid_value(uint16_t magnitude) {
  const int exponent = magnitude >> 7, fraction = magnitude & 0x7f;
  return exponent == 0 ? std::ldexp(fraction, -133) : std::ldexp(128 + fraction, exponent - 134);
}

/// The nearest bf16, ties to even: the neighbours are compared in double precision, where they and `x` are exact.
uint16_t nearest(double x) {
  if (std::isnan(x)) return 0x7fff;
  const uint16_t sign = std::signbit(x) ? 0x8000 : 0;
  const double magnitude = std::fabs(x);
  if (magnitude >= grid_value(0x7f80)) return sign | 0x7f80;
  uint16_t low = 0, high = 0x7f80;
  while (high - low > 1) {
    const auto middle = static_cast<uint16_t>((low + high) / 2);
    (grid_value(middle) <= magnitude ? low : high) = middle;
  }
  const double below = magnitude - grid_value(low), above = grid_value(high) - magnitude;
  const bool up = above < below || (above == below && low % 2 == 1);
  return sign | (up ? high : low);
}

TEST(Bfloat16, EveryValueSurvivesTheRoundTrip) {
  for (uint32_t bits = 0; bits <= 0xffff; ++bits) {
    const auto value = std::bit_cast<__nv_bfloat16>(static_cast<uint16_t>(bits));
    const float widened = __bfloat162float(value);
    if ((bits & 0x7fff) > 0x7f80) {
      ASSERT_TRUE(std::isnan(widened) && __hisnan(value)) << bits;
      ASSERT_EQ(bits_of(__float2bfloat16(widened)), 0x7fff) << bits;
      continue;
    }
    ASSERT_EQ(bits_of(__float2bfloat16(widened)), bits);
    if ((bits & 0x7fff) < 0x7f80) {
      const double expected = grid_value(static_cast<uint16_t>(bits & 0x7fff));
      ASSERT_EQ(widened, (bits & 0x8000) != 0 ? -expected : expected) << bits;
    }
  }
}

TEST(Bfloat16, LanesRoundToNearestEvenAroundEveryValue) {
  constexpr int kLanes = softgpu::kBfloat16Lanes;
  for (const uint32_t tail : {0x0000u, 0x0001u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu}) {
    for (uint32_t bits = 0; bits <= 0xffff; bits += kLanes) {
      float values[kLanes];
      __nv_bfloat16 rounded[kLanes];
      for (uint32_t lane = 0; lane < kLanes; ++lane) values[lane] = std::bit_cast<float>((bits + lane) << 16 | tail);
      softgpu::convert_lanes(values, rounded);
      for (int lane = 0; lane < kLanes; ++lane)
        ASSERT_EQ(bits_of(rounded[lane]), nearest(values[lane])) << std::hex << bits << " " << lane << " " << tail;
    }
  }
}

TEST(Bfloat16, LanesWithOneDenormalOrNan) {
  constexpr int kLanes = softgpu::kBfloat16Lanes;
  for (const uint32_t odd : {0x00000001u, 0x807fffffu, 0x7f800001u, 0xffc12345u}) {
    for (int place = 0; place < kLanes; ++place) {
      float values[kLanes];
      __nv_bfloat16 rounded[kLanes];
      for (int lane = 0; lane < kLanes; ++lane) values[lane] = 1.01f * float(lane + 1);
      values[place] = std::bit_cast<float>(odd);
      softgpu::convert_lanes(values, rounded);
      for (int lane = 0; lane < kLanes; ++lane)
        ASSERT_EQ(bits_of(rounded[lane]), nearest(values[lane])) << std::hex << odd << " " << place << " " << lane;
    }
  }
}

TEST(Bfloat16, RoundsToNearestEvenAroundEveryValue) {
  for (uint32_t bits = 0; bits <= 0xffff; ++bits) {
    for (const uint32_t tail : {0x0000u, 0x0001u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu}) {
      const float x = std::bit_cast<float>(bits << 16 | tail);
      ASSERT_EQ(bits_of(__float2bfloat16_rn(x)), nearest(x)) << std::hex << bits << " " << tail;
    }
  }
}

TEST(Bfloat16, RoundsRandomFloatsAndDoubles) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 300000; ++i) {
    const uint64_t bits = random();
    const float x = std::bit_cast<float>(static_cast<uint32_t>(bits));
    ASSERT_EQ(bits_of(__float2bfloat16(x)), nearest(x)) << x;
    // Doubles with exponents within and slightly beyond the range of float.
    const double y = std::ldexp(1.0 + static_cast<double>(bits >> 12) * 0x1p-52, static_cast<int>(bits % 290) - 150);
    ASSERT_EQ(bits_of(__double2bfloat16(y)), nearest(y)) << y;
    ASSERT_EQ(bits_of(__double2bfloat16(-y)), nearest(-y)) << -y;
  }
}

TEST(Bfloat16, DoublesAreRoundedOnce) {
  // 1 + 2^-8 is a tie between 1 and 1 + 2^-7; a slightly larger value must round up, although it equals the tie in
  // float.
  EXPECT_EQ(bits_of(__double2bfloat16(1 + 0x1p-8)), 0x3f80);
  EXPECT_EQ(bits_of(__double2bfloat16(1 + 0x1p-8 + 0x1p-40)), 0x3f81);
  EXPECT_EQ(bits_of(__double2bfloat16(-1 - 0x1p-8 - 0x1p-40)), 0xbf81);
  EXPECT_EQ(bits_of(__double2bfloat16(-1e-300)), 0x8000);
  EXPECT_EQ(bits_of(__double2bfloat16(1e300)), 0x7f80);
  EXPECT_EQ(bits_of(__double2bfloat16(-std::numeric_limits<double>::infinity())), 0xff80);
  EXPECT_EQ(bits_of(__double2bfloat16(std::numeric_limits<double>::quiet_NaN())), 0x7fff);
}

TEST(Bfloat16, ConvertsAndComputesLikeANumber) {
  const __nv_bfloat16 three = 3, half = 0.5f, from_double = 0.25;
  const float wide = three;
  EXPECT_EQ(wide, 3.0f);
  EXPECT_EQ(static_cast<int>(three), 3);
  EXPECT_EQ(float(three + half), 3.5f);
  EXPECT_EQ(float(three - half), 2.5f);
  EXPECT_EQ(float(three * from_double), 0.75f);
  EXPECT_EQ(float(half / from_double), 2.0f);
  EXPECT_EQ(float(-three), -3.0f);
  EXPECT_EQ(bits_of(-__nv_bfloat16(0.0f)), 0x8000);
  __nv_bfloat16 sum = three;
  sum += half;
  EXPECT_EQ(float(sum), 3.5f);
  EXPECT_TRUE(half < three && three >= three && half != three);
  const __nv_bfloat16 nan = __ushort_as_bfloat16(0x7fc0);
  EXPECT_FALSE(nan == nan);
  EXPECT_EQ(__nv_bfloat16_raw(three).x, 0x4040);
}

TEST(Bfloat16, PairsKeepTheirOrder) {
  const __nv_bfloat162 pair = __floats2bfloat162_rn(1.0f, -2.0f);
  EXPECT_EQ(std::bit_cast<uint32_t>(pair), 0xc0003f80u);
  const float2 wide = __bfloat1622float2(pair);
  EXPECT_EQ(wide.x, 1.0f);
  EXPECT_EQ(wide.y, -2.0f);
  EXPECT_EQ(__low2float(pair), 1.0f);
  EXPECT_EQ(__high2float(pair), -2.0f);
  EXPECT_EQ(alignof(__nv_bfloat162), 4u);
}

}  // namespace
