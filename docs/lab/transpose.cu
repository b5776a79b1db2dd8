// Transposes a matrix of 24 rows and 40 columns by tiles of 16 x 16.
#include <lab.h>

constexpr int kTile = 16;

template <bool kMended>
__device__ bool inside(int i, int n) {
  return kMended ? i < n : i <= n;
}

template <bool kMended>
__global__ void transpose(const float* in, float* out, int rows, int columns) {
  __shared__ float tile[kTile][kTile + 1];  // one column more than used: a column's elements lie in different banks
  const int x = blockIdx.x * kTile + threadIdx.x, y = blockIdx.y * kTile + threadIdx.y;
  if (inside<kMended>(x, columns) && inside<kMended>(y, rows)) {
    tile[threadIdx.y][threadIdx.x] = in[y * columns + x];
  }
  __syncthreads();
  const int row = blockIdx.x * kTile + threadIdx.y, column = blockIdx.y * kTile + threadIdx.x;
  if (row < columns && column < rows) out[row * rows + column] = tile[threadIdx.x][threadIdx.y];
}

template <bool kMended>
void run() {
  lab::Array<float> in = lab::iota<float>(24 * 40), out(24 * 40);
  transpose<kMended><<<dim3(3, 2), dim3(kTile, kTile)>>>(in, out, 24, 40);
  lab::expect(out, [](size_t i) { return float(i % 24 * 40 + i / 24); });
}

LAB_TEST(broken) { run<false>(); }

LAB_TEST(mended) { run<true>(); }
