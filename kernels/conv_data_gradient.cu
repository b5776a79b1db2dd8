#include "kernels/conv.h"
#include "kernels/device/patches.cuh"
#include "kernels/split_k.cuh"

namespace cucurbit::kernels {

/// For every group the product of [N H W, R S K] by [R S K, C]. Row (n, h, w) of the first operand is what reaches that
/// input pixel: the elements of dy whose windows contain it. So each element of dx has one writer.
template <int kThreads, bool kWide, class T>
__global__ __launch_bounds__(256) void conv_data_gradient_kernel(TileGrid grid, CotangentPatches<T> dy, const T* w,
                                                                 T* dx, bool accumulate) {
  using A = acc_t<T>;
  int64_t group, split;
  const TileExtent extent = grid.extent(group, split);
  const int channels = int(grid.n), outputs = dy.by.outputs.divisor();
  const int64_t filter_size = int64_t(dy.shape.r) * dy.shape.s * channels;
  dy.dy += group * outputs;  // the first output channel of the group
  const FilterByOffset<T> filter{w + group * outputs * filter_size, filter_size, channels, dy.by.outputs};
  const MatrixResult<T, A> result{dx + group * channels, dy.shape.c, A(1), A(accumulate)};
  multiply_tile<kThreads, TileShape<kThreads, A, kWide>>(PatchesByPixel<CotangentPatches<T>>{dy}, filter, extent,
                                                         result);
}

template <class T>
void conv_data_gradient(const ConvShape& shape, const T* w, const T* dy, T* dx, bool accumulate, cudaStream_t stream) {
  constexpr bool wide_allowed = !std::is_same_v<T, double>;
  const int64_t pixels = shape.n * shape.h * shape.w, depth = int64_t(shape.r) * shape.s * (shape.k / shape.groups);
  TileGrid grid(pixels, shape.c / shape.groups, depth, shape.groups, wide_allowed);
  grid.unsplit();
  const CotangentPatches<T> patches{dy, shape, ConvDivisors(shape)};
  if constexpr (wide_allowed)
    if (grid.wide())
      return launch<256>(CUCURBIT_KERNEL(conv_data_gradient_kernel, true, T), grid.blocks(), stream, grid, patches, w,
                         dx, accumulate);
  launch<256>(CUCURBIT_KERNEL(conv_data_gradient_kernel, false, T), grid.blocks(), stream, grid, patches, w, dx,
              accumulate);
}

template void conv_data_gradient(const ConvShape&, const float*, const float*, float*, bool, cudaStream_t);
template void conv_data_gradient(const ConvShape&, const bf16*, const bf16*, bf16*, bool, cudaStream_t);
template void conv_data_gradient(const ConvShape&, const double*, const double*, double*, bool, cudaStream_t);

}  // namespace cucurbit::kernels
