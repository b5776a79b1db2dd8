// Tests of half precision: every conversion and operation against exact arithmetic.
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

namespace {

uint16_t bits_of(__half value) { return std::bit_cast<uint16_t>(value); }
__half half_of(uint32_t bits) { return std::bit_cast<__half>(static_cast<uint16_t>(bits)); }

/// The value of a pattern without its sign, from its fields. Infinity stands for 65536, the next value of the grid.
double grid_value(uint16_t magnitude) {
  const int exponent = magnitude >> 10, fraction = magnitude & 0x3ff;
  return exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
}

bool is_nan(uint32_t bits) { return (bits & 0x7fff) > 0x7c00; }

double value_of(uint32_t bits) {
  const double magnitude = (bits & 0x7fff) == 0x7c00 ? INFINITY : grid_value(bits & 0x7fff);
  return is_nan(bits) ? NAN : ((bits & 0x8000) != 0 ? -magnitude : magnitude);
}

/// The half nearest to a real number that Real holds exactly, ties to even.
template <class Real>
uint16_t nearest(Real x, bool negative_zero = false) {
  if (!(x == x)) return 0x7fff;
  const uint16_t sign = x < 0 || negative_zero ? 0x8000 : 0;
  const Real magnitude = x < 0 ? -x : x;
  if (magnitude >= Real(65536)) return sign | 0x7c00;
  uint16_t low = 0, high = 0x7c00;
  while (high - low > 1) {
    const auto middle = static_cast<uint16_t>((low + high) / 2);
    (Real(grid_value(middle)) <= magnitude ? low : high) = middle;
  }
  const Real below = magnitude - Real(grid_value(low)), above = Real(grid_value(high)) - magnitude;
  const bool up = above < below || (above == below && low % 2 == 1);
  return sign | (up ? high : low);
}
uint16_t nearest_double(double x) { return nearest(x, x == 0 && std::signbit(x)); }

/// Patterns for tests of pairs: those around every boundary of the format, and random ones.
std::vector<uint32_t> interesting() {
  std::vector<uint32_t> bits;
  for (const uint32_t center :
       {0x0000u, 0x0400u, 0x3c00u, 0x3800u, 0x4000u, 0x7bffu, 0x7c00u, 0x7e00u, 0x0200u, 0x3555u}) {
    for (int offset = -2; offset <= 2; ++offset) {
      const uint32_t magnitude = (center + static_cast<uint32_t>(offset)) & 0x7fff;
      bits.push_back(magnitude);
      bits.push_back(magnitude | 0x8000);
    }
  }
  std::mt19937 random(3);
  for (int i = 0; i < 300; ++i) bits.push_back(random() & 0xffff);
  return bits;
}

TEST(Half, EveryValueSurvivesTheRoundTrip) {
  for (uint32_t bits = 0; bits <= 0xffff; ++bits) {
    const float widened = __half2float(half_of(bits));
    if (is_nan(bits)) {
      ASSERT_EQ(std::bit_cast<uint32_t>(widened), 0x7fffffffu) << bits;
      ASSERT_TRUE(__hisnan(half_of(bits)));
      ASSERT_EQ(bits_of(__float2half(widened)), 0x7fff);
      continue;
    }
    ASSERT_EQ(widened, value_of(bits)) << bits;
    ASSERT_EQ(std::signbit(widened), (bits & 0x8000) != 0) << bits;
    ASSERT_EQ(bits_of(__float2half(widened)), bits);
    ASSERT_EQ(bits_of(__double2half(widened)), bits);
  }
}

TEST(Half, RoundsToNearestEvenAroundEveryValueAndEveryMidpoint) {
  for (uint32_t bits = 0; bits < 0x7c00; ++bits) {
    const double low = grid_value(bits), middle = (low + grid_value(bits + 1)) / 2;
    for (const double center : {low, middle}) {
      const float x = static_cast<float>(center);  // exact
      for (const float y : {x, std::nextafter(x, 0.0f), std::nextafter(x, INFINITY)}) {
        ASSERT_EQ(bits_of(__float2half_rn(y)), nearest_double(y)) << y;
        ASSERT_EQ(bits_of(__float2half_rn(-y)), nearest_double(-y)) << -y;
      }
      // Closer to the midpoint than a float can represent.
      for (const double y : {std::nextafter(center, 0.0), std::nextafter(center, INFINITY)}) {
        ASSERT_EQ(bits_of(__double2half(y)), nearest_double(y)) << y;
        ASSERT_EQ(bits_of(__double2half(-y)), nearest_double(-y)) << -y;
      }
    }
  }
}

TEST(Half, RoundsRandomFloatsAndTheLimits) {
  std::mt19937 random(1);
  for (int i = 0; i < 300000; ++i) {
    const float x = std::bit_cast<float>(static_cast<uint32_t>(random()));
    ASSERT_EQ(bits_of(__float2half(x)), nearest_double(x)) << x;
  }
  EXPECT_EQ(bits_of(__float2half(65519.996f)), 0x7bff);
  EXPECT_EQ(bits_of(__float2half(65520.0f)), 0x7c00);
  EXPECT_EQ(bits_of(__float2half(-INFINITY)), 0xfc00);
  EXPECT_EQ(bits_of(__float2half(-NAN)), 0x7fff);
  EXPECT_EQ(bits_of(__float2half(-1e-30f)), 0x8000);
  EXPECT_EQ(bits_of(__double2half(1e300)), 0x7c00);
}

TEST(Half, DirectedRoundings) {
  std::mt19937 random(2);
  for (int i = 0; i < 200000; ++i) {
    const uint32_t word = random();
    // Exponents from far below the smallest half to above the largest.
    float x = std::ldexp(1.0f + static_cast<float>(word & 0x7fffff) * 0x1p-23f, static_cast<int>(word >> 24) % 46 - 28);
    if ((word & 0x800000) != 0) x = -x;
    const float down = __half2float(__float2half_rd(x)), up = __half2float(__float2half_ru(x));
    const float zero = __half2float(__float2half_rz(x));
    ASSERT_LE(down, x);
    ASSERT_GE(up, x);
    ASSERT_EQ(zero, x > 0 ? down : up) << x;
    if (down != up) {  // neighbours of the grid
      const uint16_t d = bits_of(__float2half_rd(x)), u = bits_of(__float2half_ru(x));
      ASSERT_EQ(std::abs((d & 0x7fff) - (u & 0x7fff)), 1) << x;
    }
  }
  EXPECT_EQ(bits_of(__float2half_rz(1e9f)), 0x7bff);
  EXPECT_EQ(bits_of(__float2half_ru(1e9f)), 0x7c00);
  EXPECT_EQ(bits_of(__float2half_rd(-1e9f)), 0xfc00);
  EXPECT_EQ(bits_of(__float2half_rd(-1e-9f)), 0x8001);
  EXPECT_EQ(bits_of(__float2half_ru(1e-9f)), 0x0001);
}

TEST(Half, IntegersSaturate) {
  for (uint32_t bits = 0; bits <= 0xffff; ++bits) {
    const double value = value_of(bits);
    if (std::isnan(value)) {
      ASSERT_EQ(__half2int_rz(half_of(bits)), 0);
      ASSERT_EQ(__half2ll_rn(half_of(bits)), std::numeric_limits<long long>::min());
      continue;
    }
    const auto clamp = [](double v, double low, double high) { return v < low ? low : (v > high ? high : v); };
    ASSERT_EQ(__half2short_rz(half_of(bits)), clamp(std::trunc(value), -32768, 32767)) << value;
    ASSERT_EQ(__half2ushort_rd(half_of(bits)), clamp(std::floor(value), 0, 65535)) << value;
    ASSERT_EQ(__half2int_rn(half_of(bits)), clamp(std::nearbyint(value), -2147483648.0, 2147483647.0)) << value;
    ASSERT_EQ(__half2uint_ru(half_of(bits)), clamp(std::ceil(value), 0, 4294967295.0)) << value;
  }
  for (int i = -70000; i <= 70000; ++i) ASSERT_EQ(bits_of(__int2half_rn(i)), nearest_double(i)) << i;
  EXPECT_EQ(bits_of(__ull2half_rn(~0ull)), 0x7c00);
  EXPECT_EQ(bits_of(__ll2half_rz(std::numeric_limits<long long>::min())), 0xfbff);
  EXPECT_EQ(bits_of(__int2half_ru(2049)), bits_of(__half(2050)));
  EXPECT_EQ(bits_of(__int2half_rd(2049)), bits_of(__half(2048)));
}

TEST(Half, ArithmeticIsRoundedOnce) {
  for (const uint32_t a : interesting()) {
    for (const uint32_t b : interesting()) {
      const double x = value_of(a), y = value_of(b);
      const __half p = half_of(a), q = half_of(b);
      ASSERT_EQ(bits_of(p + q), nearest_double(x + y)) << x << " + " << y;
      ASSERT_EQ(bits_of(__hsub(p, q)), nearest_double(x - y)) << x << " - " << y;
      ASSERT_EQ(bits_of(__hmul(p, q)), nearest_double(x * y)) << x << " * " << y;
      ASSERT_EQ(bits_of(p / q), nearest_double(x / y)) << x << " / " << y;
    }
  }
}

TEST(Half, FmaIsRoundedOnce) {
  std::mt19937 random(4);
  const std::vector<uint32_t> values = interesting();
  const auto pick = [&] { return values[random() % values.size()]; };
  for (int i = 0; i < 200000; ++i) {
    const uint32_t a = pick(), b = pick(), c = pick();
    const double x = value_of(a), y = value_of(b), z = value_of(c);
    const __half got = __hfma(half_of(a), half_of(b), half_of(c));
    const double close = x * y + z;  // exact enough for NaN, infinity and the sign of zero
    if (!std::isfinite(close) || close == 0) {
      ASSERT_EQ(bits_of(got), nearest_double(close)) << x << " * " << y << " + " << z;
    } else {
      const __float128 exact = static_cast<__float128>(x) * y + z;  // 80 bits at most, of 113
      ASSERT_EQ(bits_of(got), nearest(exact)) << x << " * " << y << " + " << z;
    }
  }
  // 1 + 2^-11 lies between two halves; the smallest addition to the product decides.
  EXPECT_EQ(bits_of(__hfma(__half(1.0f), half_of(0x1000), __half(1.0f))), 0x3c00);
  EXPECT_EQ(bits_of(__hfma(half_of(0x3c01), half_of(0x1000), __half(1.0f))), 0x3c01);
  // 2049 * 16 + 2^-24: above a tie by less than a float can hold.
  EXPECT_EQ(bits_of(__hfma(__half(683.0f), __half(48.0f), half_of(0x0001))), 0x7801);
  EXPECT_EQ(bits_of(__hfma(__half(683.0f), __half(48.0f), half_of(0x8001))), 0x7800);
}

TEST(Half, ComparesLikeItsValues) {
  for (const uint32_t a : interesting()) {
    for (const uint32_t b : interesting()) {
      const double x = value_of(a), y = value_of(b);
      const bool ordered = !std::isnan(x) && !std::isnan(y);
      const __half p = half_of(a), q = half_of(b);
      ASSERT_EQ(p == q, x == y);
      ASSERT_EQ(p != q, x != y);
      ASSERT_EQ(p < q, x < y);
      ASSERT_EQ(__hle(p, q), x <= y);
      ASSERT_EQ(__hne(p, q), ordered && x != y);
      ASSERT_EQ(__hgtu(p, q), !ordered || x > y);
      ASSERT_EQ(__hbge2({p, p}, {q, p}), x >= y && x == x);
      if (ordered && x != y) {
        ASSERT_EQ(float(__hmax(p, q)), std::fmax(x, y));
        ASSERT_EQ(float(__hmin(p, q)), std::fmin(x, y));
      }
    }
  }
  const __half nan = half_of(0x7e00), one = 1.0f;
  EXPECT_EQ(bits_of(__hmax(nan, one)), 0x3c00);
  EXPECT_EQ(bits_of(__hmin(one, nan)), 0x3c00);
  EXPECT_EQ(bits_of(__hmax_nan(one, nan)), 0x7fff);
  EXPECT_EQ(bits_of(__hmax(half_of(0x8000), half_of(0))), 0);
  EXPECT_EQ(bits_of(__hmin(half_of(0), half_of(0x8000))), 0x8000);
  EXPECT_EQ(__hisinf(half_of(0xfc00)), -1);
}

TEST(Half, SignsSaturationAndFunctions) {
  EXPECT_EQ(bits_of(__hneg(half_of(0))), 0x8000);
  EXPECT_EQ(bits_of(__habs(half_of(0xc000))), 0x4000);
  EXPECT_EQ(float(__hadd_sat(__half(0.75f), __half(0.5f))), 1.0f);
  EXPECT_EQ(float(__hsub_sat(__half(0.25f), __half(0.5f))), 0.0f);
  EXPECT_EQ(float(__hmul_sat(half_of(0x7e00), __half(1.0f))), 0.0f);
  EXPECT_EQ(float(__hfma_relu(__half(2.0f), __half(-3.0f), __half(1.0f))), 0.0f);
  EXPECT_EQ(float(hsqrt(__half(2.25f))), 1.5f);
  EXPECT_EQ(float(hrint(__half(2.5f))), 2.0f);
  EXPECT_EQ(float(hexp2(__half(-3.0f))), 0.125f);
  for (uint32_t bits = 0; bits < 0x7c00; ++bits)
    ASSERT_EQ(bits_of(hsqrt(half_of(bits))), nearest_double(std::sqrt(value_of(bits)))) << bits;
  __half count = 1.0f;
  count += __half(2);
  EXPECT_EQ(float(count++), 3.0f);
  EXPECT_EQ(float(--count), 3.0f);
}

TEST(Half, PairsKeepTheirOrder) {
  const __half2 pair = __floats2half2_rn(1.0f, -2.0f);
  EXPECT_EQ(std::bit_cast<uint32_t>(pair), 0xc0003c00u);
  EXPECT_EQ(__half22float2(pair).y, -2.0f);
  EXPECT_EQ(__low2float(pair), 1.0f);
  EXPECT_EQ(std::bit_cast<uint32_t>(__lowhigh2highlow(pair)), 0x3c00c000u);
  EXPECT_EQ(std::bit_cast<uint32_t>(__hadd2(pair, pair)), 0xc4004000u);
  EXPECT_EQ(std::bit_cast<uint32_t>(__hfma2(pair, pair, pair)), 0x40004000u);
  EXPECT_EQ(__hlt2_mask(pair, __float2half2_rn(0.0f)), 0xffff0000u);
  EXPECT_EQ(std::bit_cast<uint32_t>(__hgt2(pair, __float2half2_rn(0.0f))), 0x00003c00u);
  EXPECT_TRUE(pair == pair && !(pair != pair));
  EXPECT_EQ(alignof(__half2), 4u);
}

}  // namespace
