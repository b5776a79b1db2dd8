// Tensor-core products and ldmatrix against plain loops; layouts as the PTX manual words them.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "in_threads.h"
#include "kernels/device/cp_async.cuh"
#include "kernels/device/ldmatrix.cuh"
#include "kernels/device/mma.cuh"

namespace cucurbit {
namespace {

using TensorCore = InThreads;

// --- mma.sync: every lane's registers come from memory and go back to it -------------------------------------------

enum class Format { f16, bf16, tf32, s8 };
constexpr int per_register(Format f) { return f == Format::s8 ? 4 : f == Format::tf32 ? 1 : 2; }

template <Format kFormat, class Acc>
__global__ void mma_kernel(const uint32_t* a, const uint32_t* b, const Acc* c, Acc* d) {
  const int lane = threadIdx.x;
  uint32_t fa[4], fb[2];
  Acc fc[4];
  for (int i = 0; i < 4; ++i) fa[i] = a[4 * lane + i];
  for (int i = 0; i < 2; ++i) fb[i] = b[2 * lane + i];
  for (int i = 0; i < 4; ++i) fc[i] = c[4 * lane + i];
  if constexpr (kFormat == Format::f16) mma_m16n8k16<__half>(fc, fa, fb, fc);
  if constexpr (kFormat == Format::bf16) mma_m16n8k16<bf16>(fc, fa, fb, fc);
  if constexpr (kFormat == Format::tf32) mma_m16n8k8_tf32(fc, fa, fb, fc);
  if constexpr (kFormat == Format::s8) mma_m16n8k32_s8(fc, fa, fb, fc);
  for (int i = 0; i < 4; ++i) d[4 * lane + i] = fc[i];
}

struct Place {
  int row, col;
};

// The manual's sentences, one case each. Elements are counted over the fragment, not in their registers.
Place place_a(Format f, int lane, int i) {
  const int group = lane >> 2, thread = lane % 4;
  switch (f) {
    case Format::tf32:
      return {i == 0 || i == 2 ? group : group + 8, i == 0 || i == 1 ? thread : thread + 4};
    case Format::s8:
      return {(0 <= i && i < 4) || (8 <= i && i < 12) ? group : group + 8,
              i < 8 ? thread * 4 + (i & 3) : thread * 4 + (i & 3) + 16};
    default:
      return {(0 <= i && i < 2) || (4 <= i && i < 6) ? group : group + 8,
              i < 4 ? thread * 2 + (i & 1) : thread * 2 + (i & 1) + 8};
  }
}
Place place_b(Format f, int lane, int i) {
  const int group = lane >> 2, thread = lane % 4;
  switch (f) {
    case Format::tf32:
      return {i == 0 ? thread : thread + 4, group};
    case Format::s8:
      return {i < 4 ? thread * 4 + (i & 3) : thread * 4 + (i & 3) + 16, group};
    default:
      return {i < 2 ? thread * 2 + (i & 1) : thread * 2 + (i & 1) + 8, group};
  }
}
Place place_c(int lane, int i) { return {i < 2 ? lane >> 2 : (lane >> 2) + 8, (lane % 4) * 2 + (i & 1)}; }

uint32_t encode(Format f, double value) {
  switch (f) {
    case Format::f16: {
      const __half h = __float2half(float(value));
      return std::bit_cast<uint16_t>(h);
    }
    case Format::bf16: {
      const bf16 h = __float2bfloat16(float(value));
      return std::bit_cast<uint16_t>(h);
    }
    case Format::tf32:
      return std::bit_cast<uint32_t>(float(value));
    default:
      return uint8_t(int8_t(value));
  }
}

template <class Acc>
struct Case {
  int k;
  std::vector<double> a, b;  // [16, k] and [k, 8]
  std::vector<Acc> c;        // [16, 8]
};

/// D [16, 8] as the device computes it.
template <Format kFormat, class Acc>
std::vector<Acc> product(const Case<Acc>& x) {
  constexpr int kPer = per_register(kFormat), kBits = 32 / kPer;
  std::vector<uint32_t> a(32 * 4), b(32 * 2);
  std::vector<Acc> c(32 * 4), d(16 * 8);
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < 4 * kPer; ++i) {
      const Place p = place_a(kFormat, lane, i);
      a[4 * lane + i / kPer] |= encode(kFormat, x.a[p.row * x.k + p.col]) << (kBits * (i % kPer) % 32);
    }
    for (int i = 0; i < 2 * kPer; ++i) {
      const Place p = place_b(kFormat, lane, i);
      b[2 * lane + i / kPer] |= encode(kFormat, x.b[p.row * 8 + p.col]) << (kBits * (i % kPer) % 32);
    }
    for (int i = 0; i < 4; ++i) c[4 * lane + i] = x.c[place_c(lane, i).row * 8 + place_c(lane, i).col];
  }
  const DeviceArray<uint32_t> da(a), db(b);
  const DeviceArray<Acc> dc(c), dd(std::vector<Acc>(32 * 4, Acc(-1)));
  run(mma_kernel<kFormat, Acc>, 1, 32, da.get(), db.get(), dc.get(), dd.get());
  const std::vector<Acc> result = dd.host();
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < 4; ++i) d[place_c(lane, i).row * 8 + place_c(lane, i).col] = result[4 * lane + i];
  }
  return d;
}

template <class Acc>
double reference(const Case<Acc>& x, int row, int col) {
  double sum = double(x.c[row * 8 + col]);
  for (int k = 0; k < x.k; ++k) sum += x.a[row * x.k + k] * x.b[k * 8 + col];
  return sum;
}

/// Small integers: every order of summation gives the same.
template <Format kFormat, class Acc>
void expect_exact(int largest) {
  std::mt19937 random(5);
  const auto draw = [&] { return double(int(random() % unsigned(2 * largest + 1)) - largest); };
  Case<Acc> x{8 * per_register(kFormat), {}, {}, {}};
  for (int i = 0; i < 16 * x.k; ++i) x.a.push_back(draw());
  for (int i = 0; i < 8 * x.k; ++i) x.b.push_back(draw());
  for (int i = 0; i < 16 * 8; ++i) x.c.push_back(Acc(draw()));
  const std::vector<Acc> d = product<kFormat>(x);
  for (int row = 0; row < 16; ++row)
    for (int col = 0; col < 8; ++col) ASSERT_EQ(double(d[row * 8 + col]), reference(x, row, col)) << row << ", " << col;
}

TEST_F(TensorCore, Half) { expect_exact<Format::f16, float>(100); }
TEST_F(TensorCore, Bfloat16) { expect_exact<Format::bf16, float>(100); }
TEST_F(TensorCore, Tf32) { expect_exact<Format::tf32, float>(1000); }
TEST_F(TensorCore, Bytes) { expect_exact<Format::s8, int32_t>(127); }

TEST_F(TensorCore, FractionsWithinTheAccumulatorsRounding) {
  std::mt19937 random(6);
  std::uniform_real_distribution<double> draw(-1, 1);
  Case<float> x{16, {}, {}, {}};
  for (int i = 0; i < 16 * 16; ++i) x.a.push_back(__bfloat162float(__float2bfloat16(float(draw(random)))));
  for (int i = 0; i < 16 * 8; ++i) x.b.push_back(__bfloat162float(__float2bfloat16(float(draw(random)))));
  for (int i = 0; i < 16 * 8; ++i) x.c.push_back(float(draw(random)));
  const std::vector<float> d = product<Format::bf16>(x);
  for (int i = 0; i < 16 * 8; ++i) {
    // 17 terms of at most 1, each cut at the last place of the largest: 17 * 2^-23.
    ASSERT_TRUE(std::abs(d[i] - reference(x, i / 8, i % 8)) <= 17 * 0x1p-23) << i << " " << d[i];
  }
}

TEST_F(TensorCore, Tf32IgnoresTheLowBits) {
  Case<float> x{8, std::vector<double>(16 * 8), std::vector<double>(8 * 8), std::vector<float>(16 * 8)};
  x.a[0] = std::bit_cast<float>(std::bit_cast<uint32_t>(1.5f) | 0x1fffu);
  x.b[0] = 2;
  EXPECT_EQ(product<Format::tf32>(x)[0], 3.0f);
}

TEST_F(TensorCore, InfinitiesAndNaN) {
  Case<float> x{16, std::vector<double>(16 * 16), std::vector<double>(16 * 8, 1.0), std::vector<float>(16 * 8)};
  x.a[0] = INFINITY;   // row 0
  x.a[16] = INFINITY;  // row 1: infinity and its opposite
  x.a[17] = -INFINITY;
  x.c[2 * 8] = 1e30f;  // row 2
  const std::vector<float> d = product<Format::f16>(x);
  EXPECT_EQ(d[0], INFINITY);
  EXPECT_TRUE(std::isnan(d[8]));
  EXPECT_EQ(d[2 * 8], 1e30f);
  EXPECT_EQ(d[3 * 8], 0.0f);
}

// --- ldmatrix ------------------------------------------------------------------------------------------------------

constexpr int kPitch = 24;  // elements between rows in shared memory: a multiple of 16 bytes

template <int kMatrices, bool kTransposed>
__global__ void ldmatrix_kernel(uint32_t* out) {
  alignas(16) __shared__ uint16_t rows[32 * kPitch];
  for (int i = threadIdx.x; i < 32 * kPitch; i += 32) rows[i] = uint16_t(i);
  __syncthreads();
  // Row 8 i + j of the matrices lies in another row of the array. Lanes beyond the matrices name an address that must
  // not matter.
  const int lane = threadIdx.x;
  const void* row =
      lane < 8 * kMatrices ? &rows[(lane * 5 % 32) * kPitch] : reinterpret_cast<const uint16_t*>(rows) + 1;
  uint32_t registers[kMatrices];
  if constexpr (kTransposed)
    ldmatrix_trans(registers, row);
  else
    ldmatrix(registers, row);
  for (int i = 0; i < kMatrices; ++i) out[lane * kMatrices + i] = registers[i];
}

template <int kMatrices, bool kTransposed>
void expect_ldmatrix() {
  const DeviceArray<uint32_t> out(std::vector<uint32_t>(32 * kMatrices, 0xffffffffu));
  run(ldmatrix_kernel<kMatrices, kTransposed>, 1, 32, out.get());
  const std::vector<uint32_t> got = out.host();
  const auto element = [](int matrix, int row, int col) {
    return uint32_t((8 * matrix + row) * 5 % 32 * kPitch + col);
  };
  for (int lane = 0; lane < 32; ++lane) {
    for (int matrix = 0; matrix < kMatrices; ++matrix) {
      const uint32_t first =
          kTransposed ? element(matrix, 2 * (lane % 4), lane / 4) : element(matrix, lane / 4, 2 * (lane % 4));
      const uint32_t second =
          kTransposed ? element(matrix, 2 * (lane % 4) + 1, lane / 4) : element(matrix, lane / 4, 2 * (lane % 4) + 1);
      ASSERT_EQ(got[lane * kMatrices + matrix], first | second << 16) << lane << ", " << matrix;
    }
  }
}

TEST_F(TensorCore, Ldmatrix) {
  expect_ldmatrix<1, false>();
  expect_ldmatrix<2, false>();
  expect_ldmatrix<4, false>();
}
TEST_F(TensorCore, LdmatrixTransposed) {
  expect_ldmatrix<1, true>();
  expect_ldmatrix<2, true>();
  expect_ldmatrix<4, true>();
}

// --- All of it: C [64, 64] = A [64, K] B [K, 64], both row-major, by a block of four warps -------------------------

constexpr int kTileK = 32;

template <class T>
__global__ void tile_product_kernel(const T* a, const T* b, float* c, int depth) {
  constexpr int kPitchA = kTileK + 8, kPitchB = 64 + 8;
  alignas(16) __shared__ T tile_a[2][64 * kPitchA];
  alignas(16) __shared__ T tile_b[2][kTileK * kPitchB];
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  const auto fetch = [&](int stage) {
    for (int i = threadIdx.x; i < 64 * kTileK / 8; i += 128) {
      const int row = i / (kTileK / 8), col = i % (kTileK / 8) * 8;
      cp_async_16(&tile_a[stage % 2][row * kPitchA + col], a + row * depth + stage * kTileK + col);
    }
    for (int i = threadIdx.x; i < kTileK * 8; i += 128)
      cp_async_16(&tile_b[stage % 2][i / 8 * kPitchB + i % 8 * 8], b + (stage * kTileK + i / 8) * 64 + i % 8 * 8);
    cp_async_commit();
  };
  float sums[8][4] = {};
  fetch(0);
  for (int stage = 0; stage < depth / kTileK; ++stage) {
    if (stage + 1 < depth / kTileK) fetch(stage + 1);
    if (stage + 1 < depth / kTileK)
      cp_async_wait_group<1>();
    else
      cp_async_wait_all();
    __syncthreads();
    for (int k = 0; k < kTileK; k += 16) {
      uint32_t fa[4];
      ldmatrix(fa, &tile_a[stage % 2][(16 * warp + lane % 16) * kPitchA + k + lane / 16 * 8]);
      for (int n = 0; n < 8; ++n) {
        uint32_t fb[2];
        ldmatrix_trans(fb, &tile_b[stage % 2][(k + lane % 16) * kPitchB + 8 * n]);
        mma_m16n8k16<T>(sums[n], fa, fb, sums[n]);
      }
    }
    __syncthreads();
  }
  for (int n = 0; n < 8; ++n)
    for (int e = 0; e < 4; ++e)
      c[(16 * warp + lane / 4 + 8 * (e / 2)) * 64 + 8 * n + 2 * (lane % 4) + e % 2] = sums[n][e];
}

template <class T>
void expect_tile_product() {
  constexpr int kDepth = 96;
  std::mt19937 random(8);
  std::vector<float> a(64 * kDepth), b(kDepth * 64);
  std::vector<T> short_a, short_b;
  for (float& x : a) short_a.push_back(T(x = float(int(random() % 17) - 8)));
  for (float& x : b) short_b.push_back(T(x = float(int(random() % 17) - 8)));
  const DeviceArray<T> device_a(short_a), device_b(short_b);
  const DeviceArray<float> c(std::vector<float>(64 * 64, NAN));
  run(tile_product_kernel<T>, 1, 128, device_a.get(), device_b.get(), c.get(), kDepth);
  const std::vector<float> got = c.host();
  for (int row = 0; row < 64; ++row) {
    for (int col = 0; col < 64; ++col) {
      float want = 0;
      for (int k = 0; k < kDepth; ++k) want += a[row * kDepth + k] * b[k * 64 + col];
      ASSERT_EQ(got[row * 64 + col], want) << row << ", " << col;
    }
  }
}

TEST_F(TensorCore, TileProduct) {
  expect_tile_product<bf16>();
  expect_tile_product<__half>();
}

}  // namespace
}  // namespace cucurbit
