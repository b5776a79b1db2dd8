// Tensor-core products, ldmatrix and cp.async against plain loops; layouts as the PTX manual words them.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "kernels/device/cp_async.cuh"
#include "kernels/device/ldmatrix.cuh"
#include "kernels/device/mma.cuh"

namespace cucurbit {
namespace {

/// Needs warps: on the CPU it runs in thread mode.
class TensorCore : public testing::Test {
#ifdef SOFTGPU
 protected:
  void SetUp() override { softgpu::set_mode(softgpu::Mode::threads); }
  void TearDown() override {
    if (was_fast_) softgpu::set_mode(softgpu::Mode::fast);
  }

 private:
  const bool was_fast_ = softgpu::one_thread_blocks();
#endif
};

template <class T>
class DeviceArray {
 public:
  explicit DeviceArray(const std::vector<T>& values) : size_(values.size()) {
    EXPECT_EQ(cudaMalloc(reinterpret_cast<void**>(&data_), size_ * sizeof(T)), cudaSuccess);
    EXPECT_EQ(cudaMemcpy(data_, values.data(), size_ * sizeof(T), cudaMemcpyHostToDevice), cudaSuccess);
  }
  ~DeviceArray() { cudaFree(data_); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  T* get() const { return data_; }
  std::vector<T> host() const {
    std::vector<T> values(size_);
    EXPECT_EQ(cudaMemcpy(values.data(), data_, size_ * sizeof(T), cudaMemcpyDeviceToHost), cudaSuccess);
    return values;
  }

 private:
  T* data_ = nullptr;
  size_t size_;
};

template <class... Params, class... Args>
void run(void (*kernel)(Params...), int blocks, int threads, Args... args) {
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(blocks);
  config.blockDim = dim3(threads);
  ASSERT_EQ(cudaLaunchKernelEx(&config, kernel, args...), cudaSuccess);
  ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
}

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

// --- cp.async ------------------------------------------------------------------------------------------------------

/// Every thread copies its 16 bytes in pieces of kBytes, `source_bytes` of each from memory.
template <int kBytes>
__global__ void copy_kernel(const char* in, char* out, int source_bytes) {
  alignas(16) __shared__ char buffer[64 * 16];
  for (int i = 0; i < 16; ++i) buffer[16 * threadIdx.x + i] = 99;
  for (int piece = 0; piece < 16; piece += kBytes) {
    const int at = 16 * threadIdx.x + piece;
    if constexpr (kBytes == 16) cp_async_16(buffer + at, in + at, source_bytes);
    if constexpr (kBytes == 8) cp_async_8(buffer + at, in + at, source_bytes);
    if constexpr (kBytes == 4) cp_async_4(buffer + at, in + at, source_bytes);
  }
  cp_async_wait_all();
  __syncthreads();
  const int other = 63 - threadIdx.x;  // what another thread copied
  for (int i = 0; i < 16; ++i) out[16 * other + i] = buffer[16 * other + i];
}

template <int kBytes>
void expect_copies() {
  std::vector<char> in(64 * 16);
  for (size_t i = 0; i < in.size(); ++i) in[i] = char(i * 7 + i / 256);
  const DeviceArray<char> device_in(in);
  for (int source_bytes = 0; source_bytes <= kBytes; ++source_bytes) {
    const DeviceArray<char> out(std::vector<char>(in.size(), 77));
    run(copy_kernel<kBytes>, 1, 64, device_in.get(), out.get(), source_bytes);
    const std::vector<char> got = out.host();
    for (size_t i = 0; i < in.size(); ++i)
      ASSERT_EQ(int(got[i]), int(i) % kBytes < source_bytes ? int(in[i]) : 0) << source_bytes << " " << i;
  }
}

TEST_F(TensorCore, AsyncCopiesFillWithZeros) {
  expect_copies<16>();
  expect_copies<8>();
  expect_copies<4>();
}

/// Sums `stages` vectors of four floats a thread through a ring of kDepth buffers.
template <int kDepth>
__global__ void ring_kernel(const float* in, float* out, int stages) {
  alignas(16) __shared__ float ring[kDepth][32 * 4];
  const int at = 4 * threadIdx.x;
  const auto start = [&](int stage) {
    if (stage < stages) cp_async_16(&ring[stage % kDepth][at], in + stage * 128 + at);
    cp_async_commit();  // an empty group at the end
  };
  for (int stage = 0; stage < kDepth - 1; ++stage) start(stage);
  float sum = 0;
  for (int stage = 0; stage < stages; ++stage) {
    cp_async_wait_group<kDepth - 2>();
    for (int i = 0; i < 4; ++i) sum += ring[stage % kDepth][at + i];
    start(stage + kDepth - 1);
  }
  out[threadIdx.x] = sum;
}

TEST_F(TensorCore, AsyncCopiesInAPipeline) {
  constexpr int kStages = 100;
  std::vector<float> in(kStages * 128);
  for (size_t i = 0; i < in.size(); ++i) in[i] = float(i % 61);
  const DeviceArray<float> device_in(in), two(std::vector<float>(32)), four(std::vector<float>(32));
  run(ring_kernel<2>, 1, 32, device_in.get(), two.get(), kStages);
  run(ring_kernel<4>, 1, 32, device_in.get(), four.get(), kStages);
  for (int lane = 0; lane < 32; ++lane) {
    float want = 0;
    for (int stage = 0; stage < kStages; ++stage)
      for (int i = 0; i < 4; ++i) want += in[stage * 128 + 4 * lane + i];
    ASSERT_EQ(two.host()[lane], want);
    ASSERT_EQ(four.host()[lane], want);
  }
}

// --- All of it: C [64, 64] of a block = A [64, K] B [K, 64], both row-major, four warps
// -------------------------------

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
