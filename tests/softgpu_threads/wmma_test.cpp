#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <mma.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <random>

#include "misuse.h"

namespace wmma = nvcuda::wmma;

namespace {

using Wmma = RuntimeTest;

/// D = A B + C by one warp.
template <int kM, int kN, int kK, class T, class C, class D, class LayoutA, class LayoutB>
struct Shape {
  static constexpr int m = kM, n = kN, k = kK;
  using Element = T;
  using Storage = std::conditional_t<std::is_same_v<T, wmma::precision::tf32>, float, T>;
  using In = C;
  using Out = D;
  using A = wmma::fragment<wmma::matrix_a, kM, kN, kK, T, LayoutA>;
  using B = wmma::fragment<wmma::matrix_b, kM, kN, kK, T, LayoutB>;
  static constexpr bool a_by_rows = std::is_same_v<LayoutA, wmma::row_major>;
  static constexpr bool b_by_rows = std::is_same_v<LayoutB, wmma::row_major>;
  static constexpr int stride_a = (a_by_rows ? kK : kM) + 32, stride_b = (b_by_rows ? kN : kK) + 32;
  static constexpr int stride_c = 32 + 32;
};

struct Options {
  bool c_by_rows, d_by_rows, saturate;
};

template <class S>
__global__ void multiply(const typename S::Storage* a, const typename S::Storage* b, const typename S::In* c,
                         typename S::Out* d, Options options) {
  typename S::A fa;
  typename S::B fb;
  wmma::fragment<wmma::accumulator, S::m, S::n, S::k, typename S::In> fc;
  wmma::fragment<wmma::accumulator, S::m, S::n, S::k, typename S::Out> fd;
  wmma::load_matrix_sync(fa, a, S::stride_a);
  wmma::load_matrix_sync(fb, b, S::stride_b);
  wmma::load_matrix_sync(fc, c, S::stride_c, options.c_by_rows ? wmma::mem_row_major : wmma::mem_col_major);
  if constexpr (std::is_same_v<typename S::Out, int>)
    wmma::mma_sync(fd, fa, fb, fc, options.saturate);
  else
    wmma::mma_sync(fd, fa, fb, fc);
  wmma::store_matrix_sync(d, fd, S::stride_c, options.d_by_rows ? wmma::mem_row_major : wmma::mem_col_major);
}

/// A value in memory at (row, column).
size_t at(int row, int column, int stride, bool by_rows) {
  return by_rows ? row * stride + column : column * stride + row;
}

template <class T>
std::vector<T> placed(const std::vector<int>& values, int rows, int columns, int stride, bool by_rows) {
  std::vector<T> memory(64 * 64, T(55.0f));
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < columns; ++c) memory[at(r, c, stride, by_rows)] = T(float(values[r * columns + c]));
  return memory;
}

template <class S>
void expect_product(int largest) {
  std::mt19937 random(7);
  const bool is_unsigned = std::is_same_v<typename S::Element, unsigned char>;
  const auto draw = [&](int count, bool natural) {
    std::vector<int> values(count);
    for (int& v : values) v = int(random() % unsigned(2 * largest + 1)) - (natural ? 0 : largest);
    return values;
  };
  const auto a = draw(S::m * S::k, is_unsigned), b = draw(S::k * S::n, is_unsigned), c = draw(S::m * S::n, false);
  using Storage = typename S::Storage;
  const auto* da = device_array(placed<Storage>(a, S::m, S::k, S::stride_a, S::a_by_rows));
  const auto* db = device_array(placed<Storage>(b, S::k, S::n, S::stride_b, S::b_by_rows));
  for (const Options options : {Options{true, true, false}, Options{true, false, true}, Options{false, true, true}}) {
    const auto* dc = device_array(placed<typename S::In>(c, S::m, S::n, S::stride_c, options.c_by_rows));
    auto* dd = device_array(std::vector<typename S::Out>(64 * 64, typename S::Out(55.0f)));
    ASSERT_CUDA(launch(multiply<S>, 1, 32, 0, nullptr, da, db, dc, dd, options));
    ASSERT_CUDA(cudaDeviceSynchronize());
    std::vector<typename S::Out> got = host_copy(dd, 64 * 64);
    for (int row = 0; row < S::m; ++row) {
      for (int column = 0; column < S::n; ++column) {
        int expected = c[row * S::n + column];
        for (int k = 0; k < S::k; ++k) expected += a[row * S::k + k] * b[k * S::n + column];
        auto& value = got[at(row, column, S::stride_c, options.d_by_rows)];
        ASSERT_EQ(float(value), float(expected)) << row << ", " << column;
        value = typename S::Out(55.0f);
      }
    }
    for (const auto& value : got) ASSERT_EQ(float(value), 55.0f);  // nothing else was written
  }
}

template <int m, int n, int k, class T, class C, class D = C>
void expect_all_layouts(int largest) {
  expect_product<Shape<m, n, k, T, C, D, wmma::row_major, wmma::row_major>>(largest);
  expect_product<Shape<m, n, k, T, C, D, wmma::row_major, wmma::col_major>>(largest);
  expect_product<Shape<m, n, k, T, C, D, wmma::col_major, wmma::row_major>>(largest);
  expect_product<Shape<m, n, k, T, C, D, wmma::col_major, wmma::col_major>>(largest);
}

template <class T, class C, class D = C>
void expect_shapes(int largest) {
  expect_all_layouts<16, 16, 16, T, C, D>(largest);
  expect_all_layouts<32, 8, 16, T, C, D>(largest);
  expect_all_layouts<8, 32, 16, T, C, D>(largest);
}

TEST_F(Wmma, HalfIntoFloat) { expect_shapes<__half, float>(100); }
TEST_F(Wmma, HalfIntoHalf) { expect_shapes<__half, __half>(11); }
TEST_F(Wmma, HalfMixed) {
  expect_all_layouts<16, 16, 16, __half, float, __half>(11);
  expect_all_layouts<16, 16, 16, __half, __half, float>(100);
}
TEST_F(Wmma, Bfloat16) { expect_shapes<__nv_bfloat16, float>(100); }
TEST_F(Wmma, SignedBytes) { expect_shapes<signed char, int>(127); }
TEST_F(Wmma, UnsignedBytes) { expect_shapes<unsigned char, int>(127); }
TEST_F(Wmma, Tf32) { expect_all_layouts<16, 16, 8, wmma::precision::tf32, float>(1000); }
TEST_F(Wmma, Double) { expect_all_layouts<8, 8, 4, double, double>(3000); }

using Plain = Shape<16, 16, 16, __half, float, float, wmma::row_major, wmma::row_major>;

__global__ void scale_and_chain(const __half* a, float* d, int steps) {
  Plain::A fa;
  wmma::fragment<wmma::matrix_b, 16, 16, 16, __half, wmma::col_major> ones;
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> sum;
  wmma::load_matrix_sync(fa, a, 16);
  wmma::fill_fragment(ones, __float2half(1.0f));
  wmma::fill_fragment(sum, 0.25f);
  for (int i = 0; i < fa.num_elements; ++i) fa.x[i] = fa.x[i] * __float2half(2.0f);
  for (int step = 0; step < steps; ++step) wmma::mma_sync(sum, fa, ones, sum);
  for (int i = 0; i < sum.num_elements; ++i) sum.x[i] = -sum.x[i];
  wmma::store_matrix_sync(d + 256 * (threadIdx.x / 32), sum, 16, wmma::mem_row_major);
}

TEST_F(Wmma, FragmentsMayBeScaledAndAccumulated) {
  std::vector<__half> a(256);
  for (int i = 0; i < 256; ++i) a[i] = __float2half(float(i % 13));
  float* const d = device_array(std::vector<float>(3 * 256));
  ASSERT_CUDA(launch(scale_and_chain, 1, 96, 0, nullptr, device_array(a), d, 5));
  ASSERT_CUDA(cudaDeviceSynchronize());
  const std::vector<float> got = host_copy(d, 3 * 256);
  for (int i = 0; i < 3 * 256; ++i) {
    float expected = 0.25f;
    for (int k = 0; k < 16; ++k) expected += 10.0f * float((i % 256 / 16 * 16 + k) % 13);
    ASSERT_EQ(got[i], -expected) << i;
  }
}

__global__ void number_elements(float* rows) {
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> f;
  for (int i = 0; i < f.num_elements; ++i) f.x[i] = float(100 * int(threadIdx.x) + i);
  wmma::store_matrix_sync(rows, f, 16, wmma::mem_row_major);
}

TEST_F(Wmma, AccumulatorsAreTwoTilesOfMma) {
  float* const rows = device_array(std::vector<float>(256));
  ASSERT_CUDA(launch(number_elements, 1, 32, 0, nullptr, rows));
  ASSERT_CUDA(cudaDeviceSynchronize());
  const std::vector<float> got = host_copy(rows, 256);
  EXPECT_EQ(got[0], 0);
  EXPECT_EQ(got[1], 1);
  EXPECT_EQ(got[2], 100);
  EXPECT_EQ(got[8], 4);
  EXPECT_EQ(got[16], 400);
  EXPECT_EQ(got[8 * 16], 2);
  EXPECT_EQ(got[8 * 16 + 9], 7);
  EXPECT_EQ(got[255], 3107);
}

__global__ void saturating(const signed char* bytes, int* d, int start, bool saturate) {
  wmma::fragment<wmma::matrix_a, 16, 16, 16, signed char, wmma::row_major> a;
  wmma::fragment<wmma::matrix_b, 16, 16, 16, signed char, wmma::col_major> b;
  wmma::fragment<wmma::accumulator, 16, 16, 16, int> c;
  wmma::load_matrix_sync(a, bytes, 16);
  wmma::load_matrix_sync(b, bytes, 16);
  wmma::fill_fragment(c, start);
  wmma::mma_sync(c, a, b, c, saturate);
  wmma::store_matrix_sync(d, c, 16, wmma::mem_row_major);
}

TEST_F(Wmma, ByteSumsWrapOrSaturate) {
  const auto* bytes = device_array(std::vector<signed char>(256, 10));
  int* const d = device_array(std::vector<int>(256));
  for (const bool saturate : {false, true}) {
    ASSERT_CUDA(launch(saturating, 1, 32, 0, nullptr, bytes, d, 2147483647 - 1599, saturate));
    ASSERT_CUDA(cudaDeviceSynchronize());
    EXPECT_EQ(host_copy(d, 1)[0], saturate ? 2147483647 : -2147483647 - 1);
  }
}

__global__ void round_to_tf32(const float* in, float* out, int n) {
  for (int i = int(threadIdx.x); i < n; i += 32) out[i] = wmma::__float_to_tf32(in[i]);
}

TEST_F(Wmma, RoundingToTf32) {
  std::vector<float> in = {0.0f, -0.0f, 1.0f, INFINITY, -INFINITY};
  std::mt19937 random(9);
  while (in.size() < 1000) {
    const auto x = std::bit_cast<float>(static_cast<uint32_t>(random()));
    if (std::isfinite(x)) in.push_back(x);
  }
  for (int i = 0; i < 8; ++i) in.push_back(std::bit_cast<float>(0x3f801000u + 0x2000u * unsigned(i) - unsigned(i % 2)));
  float* const out = device_array(std::vector<float>(in.size()));
  ASSERT_CUDA(launch(round_to_tf32, 1, 32, 0, nullptr, device_array(in), out, int(in.size())));
  ASSERT_CUDA(cudaDeviceSynchronize());
  const std::vector<float> got = host_copy(out, in.size());
  for (size_t i = 0; i < in.size(); ++i) {
    if (std::isinf(in[i])) {
      ASSERT_EQ(got[i], in[i]);
      continue;
    }
    int exponent = 0;
    std::frexp(in[i], &exponent);
    const double step = std::ldexp(1.0, std::max(exponent, -125) - 11);  // 11 significant bits
    const double expected = std::copysign(std::floor(std::fabs(in[i]) / step + 0.5) * step, in[i]);
    ASSERT_EQ(got[i], float(expected)) << in[i];
  }
}

#ifdef SOFTGPU

__global__ void part_of_a_warp(float* d) {
  if (threadIdx.x >= 16) return;
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> f;
  wmma::fill_fragment(f, 1.0f);
  wmma::store_matrix_sync(d, f, 16, wmma::mem_row_major);
}
__global__ void unaligned_matrix(float* d) {
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> f;
  wmma::fill_fragment(f, 1.0f);
  wmma::store_matrix_sync(d + 4, f, 16, wmma::mem_row_major);
}
__global__ void unaligned_stride(float* d) {
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> f;
  wmma::load_matrix_sync(f, d, 17, wmma::mem_row_major);
}

TEST_F(Wmma, MisuseFailsTheLaunch) {
  const std::pair<void (*)(float*), const char*> cases[] = {{part_of_a_warp, "without all 32 lanes"},
                                                            {unaligned_matrix, "multiple of 32 bytes"},
                                                            {unaligned_stride, "stride"}};
  for (const auto& [kernel, word] : cases) {
    float* const d = device_array(std::vector<float>(512));
    const std::string text = what_is_said_of_misuse(kernel, 32, d);
    EXPECT_NE(text.find(word), std::string::npos) << text;
    EXPECT_NE(text.find("wmma_test.cpp:"), std::string::npos) << text;
  }
}

TEST_F(Wmma, FastModeRefuses) {
  if (softgpu::kInstrumented) GTEST_SKIP() << "always in thread mode";
  softgpu::set_mode(softgpu::Mode::fast);
  float* const d = device_array(std::vector<float>(512));
  const std::string text = what_is_said_of_misuse(number_elements, 1, d);
  softgpu::set_mode(softgpu::Mode::threads);
  EXPECT_NE(text.find("wmma::store_matrix_sync"), std::string::npos) << text;
  EXPECT_NE(text.find("SOFTGPU_MODE=threads"), std::string::npos) << text;
}

#endif

}  // namespace
