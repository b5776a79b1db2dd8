#include "kernels/conv.h"
#include "kernels/device/patches.cuh"
#include "kernels/split_k.cuh"

namespace cucurbit::kernels {

/// For every group the product of [N P Q, R S C] by [R S C, K]: a convolution as a matrix product whose first operand is
/// never written down. Row (n, p, q) of it is what the filters see at that output pixel, and operand loads compute where
/// it lies in x.
template <int kThreads, bool kWide, class T>
__global__ __launch_bounds__(256) void conv_forward_kernel(TileGrid grid, InputPatches<T> x, const T* w, T* y) {
  using A = acc_t<T>;
  int64_t group, split;
  const TileExtent extent = grid.extent(group, split);
  x.x += group * x.by.channels.divisor();  // the first channel of the group
  const MatrixOperand<T> filter{w + group * grid.n * grid.k, grid.k, true};
  const MatrixResult<T, A> result{y + group * grid.n, x.shape.k, A(1), A(0)};
  multiply_tile<kThreads, TileShape<kThreads, A, kWide>>(PatchesByPixel<InputPatches<T>>{x}, filter, extent, result);
}

template <class T>
void conv_forward(const ConvShape& shape, const T* x, const T* w, T* y, cudaStream_t stream) {
  constexpr bool wide_allowed = !std::is_same_v<T, double>;
  const int64_t pixels = shape.n * shape.p * shape.q, depth = int64_t(shape.r) * shape.s * (shape.c / shape.groups);
  TileGrid grid(pixels, shape.k / shape.groups, depth, shape.groups, wide_allowed);
  grid.unsplit();
  const InputPatches<T> patches{x, shape, ConvDivisors(shape)};
  if constexpr (wide_allowed)
    if (grid.wide())
      return launch<256>(CUCURBIT_KERNEL(conv_forward_kernel, true, T), grid.blocks(), stream, grid, patches, w, y);
  launch<256>(CUCURBIT_KERNEL(conv_forward_kernel, false, T), grid.blocks(), stream, grid, patches, w, y);
}

template void conv_forward(const ConvShape&, const float*, const float*, float*, cudaStream_t);
template void conv_forward(const ConvShape&, const bf16*, const bf16*, bf16*, cudaStream_t);
template void conv_forward(const ConvShape&, const double*, const double*, double*, cudaStream_t);

}  // namespace cucurbit::kernels
