#include "kernels/gemm.h"
#include "kernels/split_k.cuh"

namespace cucurbit::kernels {

namespace {
template <class T>
TileGrid grid_of(const GemmShape& shape) {
  constexpr bool wide_allowed = !std::is_same_v<T, double>;  // eight by eight doubles do not fit in registers
  return {shape.m, shape.n, shape.k, 1, wide_allowed};
}
}  // namespace

/// A block computes a square tile of the result, over all of k or a piece of it.
template <int kThreads, bool kWide, class T, class C>
__global__ __launch_bounds__(256) void gemm_kernel(TileGrid grid, MatrixOperand<T> a, MatrixOperand<T> b,
                                                   MatrixResult<C, acc_t<T>> c, acc_t<T>* workspace) {
  int64_t group, split;
  const TileExtent extent = grid.extent(group, split);
  multiply_tile<kThreads, TileShape<kThreads, acc_t<T>, kWide>>(a, b, extent, grid.choose(c, workspace, group, split));
}

template <class T>
size_t gemm_workspace(const GemmShape& shape) {
  return grid_of<T>(shape).partials() * sizeof(acc_t<T>);
}

template <class T, class C>
void gemm(const GemmShape& shape, acc_t<T> alpha, const T* a, const T* b, acc_t<T> beta, C* c, void* workspace,
          cudaStream_t stream) {
  using A = acc_t<T>;
  const TileGrid grid = grid_of<T>(shape);
  const MatrixOperand<T> left{a, shape.lda, !shape.transpose_a}, right{b, shape.ldb, shape.transpose_b};
  const MatrixResult<C, A> result{c, shape.ldc, alpha, beta};
  A* partials = static_cast<A*>(workspace);
  if constexpr (!std::is_same_v<T, double>)
    if (grid.wide())
      return launch<256>(CUCURBIT_KERNEL(gemm_kernel, true, T, C), grid.blocks(), stream, grid, left, right, result,
                         partials);
  launch<256>(CUCURBIT_KERNEL(gemm_kernel, false, T, C), grid.blocks(), stream, grid, left, right, result, partials);
  if (grid.splits > 1) sum_splits(grid, partials, result, stream);
}

#define CUCURBIT_INSTANTIATE(T, C) \
  template void gemm(const GemmShape&, acc_t<T>, const T*, const T*, acc_t<T>, C*, void*, cudaStream_t);
CUCURBIT_INSTANTIATE(float, float)
CUCURBIT_INSTANTIATE(bf16, bf16)
CUCURBIT_INSTANTIATE(bf16, float)
CUCURBIT_INSTANTIATE(double, double)
#undef CUCURBIT_INSTANTIATE
template size_t gemm_workspace<float>(const GemmShape&);
template size_t gemm_workspace<bf16>(const GemmShape&);
template size_t gemm_workspace<double>(const GemmShape&);

}  // namespace cucurbit::kernels
