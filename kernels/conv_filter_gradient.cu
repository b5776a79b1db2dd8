#include "kernels/conv.h"
#include "kernels/device/patches.cuh"
#include "kernels/split_k.cuh"

namespace cucurbit::kernels {

namespace {
template <class T>
TileGrid grid_of(const ConvShape& shape) {
  const int64_t depth = int64_t(shape.r) * shape.s * (shape.c / shape.groups);
  return {shape.k / shape.groups, depth, shape.n * shape.p * shape.q, shape.groups, !std::is_same_v<T, double>};
}
}  // namespace

/// For every group [K, N P Q] by [N P Q, R S C]. Two blocks an SM: without that ptxas aims at four on sm_90 and spills.
template <int kThreads, bool kWide, class T, class D>
__global__ __launch_bounds__(256, 2) void conv_filter_gradient_kernel(TileGrid grid, InputPatches<T> x, const T* dy,
                                                                      MatrixResult<D, acc_t<T>> dw,
                                                                      acc_t<T>* workspace) {
  int64_t group, split;
  const TileExtent extent = grid.extent(group, split);
  x.x += group * x.by.channels.divisor();  // the first channel of the group
  const MatrixOperand<T> cotangent{dy + group * grid.m, x.shape.k, false};
  auto result = grid.choose(dw, workspace, group, split);
  result.whole.data += group * grid.m * grid.n;  // the results of groups are stacked; those of splits lie apart
  multiply_tile<kThreads, TileShape<kThreads, acc_t<T>, kWide>>(cotangent, PatchesOverPixels<InputPatches<T>>{x},
                                                                extent, result);
}

template <class T>
size_t conv_filter_gradient_workspace(const ConvShape& shape) {
  return grid_of<T>(shape).partials() * sizeof(acc_t<T>);
}

template <class T, class D>
void conv_filter_gradient(const ConvShape& shape, const T* x, const T* dy, D* dw, bool accumulate, void* workspace,
                          cudaStream_t stream) {
  using A = acc_t<T>;
  const TileGrid grid = grid_of<T>(shape);
  const InputPatches<T> patches{x, shape, ConvDivisors(shape)};
  const MatrixResult<D, A> result{dw, grid.n, A(1), A(accumulate)};
  A* partials = static_cast<A*>(workspace);
  if constexpr (!std::is_same_v<T, double>)
    if (grid.wide())
      return launch<256>(CUCURBIT_KERNEL(conv_filter_gradient_kernel, true, T, D), grid.blocks(), stream, grid, patches,
                         dy, result, partials);
  launch<256>(CUCURBIT_KERNEL(conv_filter_gradient_kernel, false, T, D), grid.blocks(), stream, grid, patches, dy,
              result, partials);
  if (grid.splits > 1) sum_splits(grid, partials, result, stream);
}

#define CUCURBIT_INSTANTIATE(T, D) \
  template void conv_filter_gradient(const ConvShape&, const T*, const T*, D*, bool, void*, cudaStream_t);
CUCURBIT_INSTANTIATE(float, float)
CUCURBIT_INSTANTIATE(bf16, bf16)
CUCURBIT_INSTANTIATE(bf16, float)
CUCURBIT_INSTANTIATE(double, double)
#undef CUCURBIT_INSTANTIATE
template size_t conv_filter_gradient_workspace<float>(const ConvShape&);
template size_t conv_filter_gradient_workspace<bf16>(const ConvShape&);
template size_t conv_filter_gradient_workspace<double>(const ConvShape&);

}  // namespace cucurbit::kernels
