// racecheck and initcheck attribute the accesses of asynchronous copies, ldmatrix and wmma to the thread that makes
// them.
#include <cooperative_groups.h>
#include <cuda_bf16.h>
#include <cuda_pipeline.h>
#include <mma.h>

#include "kernel_fixture.h"

namespace {

namespace wmma = nvcuda::wmma;
using WarpLanguage = CheckedKernel;

constexpr int kCopyWithoutBarrier = __LINE__ + 8;
template <bool kBarrier>
__global__ void neighbours_copy(int* data) {
  __shared__ __align__(16) int tile[128 * 4];
  const unsigned t = threadIdx.x;
  __pipeline_memcpy_async(&tile[4 * t], &data[4 * t], 16);
  __pipeline_commit();

  __pipeline_wait_prior(0);
  if (kBarrier) __syncthreads();
  data[512 + t] = tile[4 * (t ^ 1)];
}

TEST_F(WarpLanguage, AsyncCopyWithoutABarrierAfterItsWait) {
  launch({1, 128}, neighbours_copy<true>, data);
  expect_clean();
  launch({1, 128}, neighbours_copy<false>, data);
  expect_only("race-shared", {kCopyWithoutBarrier, kCopyWithoutBarrier + 2});
}

constexpr int kReadsBeforeWait = __LINE__ + 7;
template <bool kWait>
__global__ void read_copy(int* data) {
  __shared__ int tile[32];
  __pipeline_memcpy_async(&tile[threadIdx.x], &data[threadIdx.x], 4);
  __pipeline_commit();
  if (kWait) __pipeline_wait_prior(0);
  data[64 + threadIdx.x] = tile[threadIdx.x];
}

TEST_F(WarpLanguage, ReadingBeforeTheWaitReadsWhatNothingWrote) {
  launch({1, 32}, read_copy<true>, data);
  expect_clean();
  launch({1, 32}, read_copy<false>, data);
  const auto found = findings();
  ASSERT_EQ(found.size(), 1u) << text(found);
  EXPECT_EQ(found[0]["checker"], "initcheck") << text(found);
  EXPECT_EQ(found[0]["parties"][0]["line"], kReadsBeforeWait) << text(found);
}

constexpr int kStoreRow = __LINE__ + 4;
template <bool kBarrier>
__global__ void load_rows(int* data) {
  __shared__ __align__(16) uint32_t rows[32 * 4];
  for (int i = 0; i < 4; ++i) rows[4 * threadIdx.x + i] = threadIdx.x;

  if (kBarrier) __syncwarp();
  uint32_t registers[4];
  softgpu::ldmatrix_trans(registers, &rows[4 * (31 - threadIdx.x)]);
  for (int i = 0; i < 4; ++i) data[4 * threadIdx.x + i] = static_cast<int>(registers[i]);
}

TEST_F(WarpLanguage, LdmatrixOfRowsThatOthersWrite) {
  launch({1, 32}, load_rows<true>, data);
  expect_clean();
  launch({1, 32}, load_rows<false>, data);
  expect_only("race-shared", {kStoreRow, kStoreRow + 4});
}

constexpr int kStoreTile = __LINE__ + 12;
template <bool kBarrier>
__global__ void square(int* data) {
  __shared__ __align__(32) __nv_bfloat16 left[256];
  __shared__ __align__(32) float out[256];
  for (unsigned i = threadIdx.x; i < 256; i += 32) left[i] = __float2bfloat16(static_cast<float>(i % 7));
  __syncwarp();
  wmma::fragment<wmma::matrix_a, 16, 16, 16, __nv_bfloat16, wmma::row_major> a;
  wmma::fragment<wmma::matrix_b, 16, 16, 16, __nv_bfloat16, wmma::row_major> b;
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> sum;
  wmma::fill_fragment(sum, 0.0f);
  wmma::load_matrix_sync(a, left, 16), wmma::load_matrix_sync(b, left, 16), wmma::mma_sync(sum, a, b, sum);
  wmma::store_matrix_sync(out, sum, 16, wmma::mem_row_major);
  if (kBarrier) __syncwarp();
  for (unsigned i = threadIdx.x; i < 256; i += 32) data[i] = static_cast<int>(out[i]);
}

TEST_F(WarpLanguage, WmmaStoreThatOthersRead) {
  launch({1, 32}, square<true>, data);
  expect_clean();
  launch({1, 32}, square<false>, data);
  expect_only("race-shared", {kStoreTile, kStoreTile + 2});
}

template <bool kSync>
__global__ void tile_exchange(int* data) {
  namespace cg = cooperative_groups;
  __shared__ int values[64];
  const auto tile = cg::tiled_partition<8>(cg::this_thread_block());
  values[threadIdx.x] = data[threadIdx.x];
  if (kSync) tile.sync();
  data[threadIdx.x] = values[threadIdx.x ^ 7];
}

TEST_F(WarpLanguage, TilesOrderTheirThreads) {
  launch({1, 64}, tile_exchange<true>, data);
  expect_clean();
  launch({1, 64}, tile_exchange<false>, data);
  EXPECT_EQ(findings().size(), 1u);
}

}  // namespace
