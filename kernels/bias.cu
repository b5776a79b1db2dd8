#include "kernels/bias.h"
#include "kernels/device/activate.cuh"
#include "kernels/device/columns.cuh"
#include "kernels/device/numeric.cuh"
#include "kernels/device/reduce.cuh"
#include "kernels/host/launch.h"
#include "kernels/reduction.h"

namespace cucurbit::kernels {

namespace {
/// The owned columns' biases; a folded row repeats them.
template <int W, class Tile, class A>
__device__ __forceinline__ void load_bias(const Tile& tile, const A* bias, const ColumnSplit& split, A* owned) {
  if (split.fold == 1) {
    tile.template for_groups<W>(
        [&](int k, int c) { for_elements<W>([&](int j) { owned[k + j] = bias[tile.first_col + c + j]; }); });
  } else {  // a folded row fits in one tile
    const unsigned period = unsigned(split.cols / split.fold);
    tile.template for_groups<W>(
        [&](int k, int c) { for_elements<W>([&](int j) { owned[k + j] = bias[unsigned(c + j) % period]; }); });
  }
}

template <int kThreads, int W, class T, Activation kind>
__device__ __forceinline__ void add_bias(const T* x, const acc_t<T>* bias, T* y, const ColumnSplit& split) {
  const ColumnTile<kThreads> tile(split);
  acc_t<T> owned[tile.kOwned];
  load_bias<W>(tile, bias, split, owned);
  for (int64_t r = tile.first_row + warp_index<kThreads>(); r < tile.last_row; r += kWarps<kThreads>) {
    const int64_t row = r * split.cols + tile.first_col;
    tile.template for_groups<W>([&](int k, int c) {
      const Vector<T, W> value = load_vector<W>(x + row + c);
      Vector<T, W> result;
      for_elements<W>([&](int j) { result.at[j] = from_acc<T>(activate<kind>(to_acc(value.at[j]) + owned[k + j])); });
      store_vector<W>(y + row + c, result);
    });
  }
}

template <int kThreads, int W, class T, Activation kind, bool accumulate>
__device__ __forceinline__ void add_bias_backward(const T* dy, const T* saved, const acc_t<T>* bias, T* dx,
                                                  acc_t<T>* partial, const ColumnSplit& split) {
  using A = acc_t<T>;
  const ColumnTile<kThreads> tile(split);
  A sum[tile.kOwned] = {};
  [[maybe_unused]] A owned[tile.kOwned];
  if constexpr (needs_input(kind)) load_bias<W>(tile, bias, split, owned);
  for (int64_t r = tile.first_row + warp_index<kThreads>(); r < tile.last_row; r += kWarps<kThreads>) {
    const int64_t row = r * split.cols + tile.first_col;
    tile.template for_groups<W>([&](int k, int c) {
      Vector<T, W> result = load_vector<W>(dy + row + c), kept{};
      if constexpr (kind != Activation::identity) kept = load_vector<W>(saved + row + c);
      [[maybe_unused]] Vector<T, W> before{};
      if constexpr (accumulate) before = load_vector<W>(dx + row + c);
      for_elements<W>([&](int j) {
        A input = to_acc(kept.at[j]);
        if constexpr (needs_input(kind)) input += owned[k + j];
        A gradient = to_acc(result.at[j]) * activate_gradient<kind>(input, input);
        sum[k + j] += gradient;
        if constexpr (accumulate) gradient += to_acc(before.at[j]);
        result.at[j] = from_acc<T>(gradient);
      });
      store_vector<W>(dx + row + c, result);
    });
  }
  if (partial) tile.template write_results<W>(sum, partial + tile.chunk * split.cols, Add{});
}
}  // namespace

template <int kThreads, class T, Activation kind>
__global__ void bias_activation_kernel(const T* x, const acc_t<T>* bias, T* y, ColumnSplit split) {
  constexpr int kWidth = kColumnWidth<kThreads, T>;
  if (kWidth > 1 && rows_aligned<kWidth>(split, x, y))
    add_bias<kThreads, kWidth, T, kind>(x, bias, y, split);
  else
    add_bias<kThreads, 1, T, kind>(x, bias, y, split);
}

template <int kThreads, class T, Activation kind, bool accumulate>
__global__ void bias_activation_backward_kernel(const T* dy, const T* saved, const acc_t<T>* bias, T* dx,
                                                acc_t<T>* partial, ColumnSplit split) {
  constexpr int kWidth = kColumnWidth<kThreads, T>;
  if (kWidth > 1 && rows_aligned<kWidth>(split, dy, saved, dx))
    add_bias_backward<kThreads, kWidth, T, kind, accumulate>(dy, saved, bias, dx, partial, split);
  else
    add_bias_backward<kThreads, 1, T, kind, accumulate>(dy, saved, bias, dx, partial, split);
}

template <class T>
void bias_activation(const T* x, const acc_t<T>* bias, T* y, int64_t rows, int64_t cols, Activation kind,
                     cudaStream_t stream) {
  const ColumnSplit split(rows, cols);
  dispatch_activation(kind, [&]<Activation k>(ActivationTag<k>) {
    launch<256>(CUCURBIT_KERNEL(bias_activation_kernel, T, k), split.blocks(), stream, x, bias, y, split);
  });
}

template <class T>
void bias_activation_backward(const T* dy, const T* saved, const acc_t<T>* bias, T* dx, bool accumulate_dx,
                              acc_t<T>* dbias, bool accumulate_dbias, int64_t rows, int64_t cols, Activation kind,
                              acc_t<T>* workspace, cudaStream_t stream) {
  const ColumnSplit split(rows, cols);
  acc_t<T>* partial = dbias ? workspace : nullptr;
  dispatch_activation(kind, [&]<Activation k>(ActivationTag<k>) {
    const auto run = [&](auto kernel) {
      launch<256>(kernel, split.blocks(), stream, dy, saved, bias, dx, partial, split);
    };
    if (accumulate_dx)
      run(CUCURBIT_KERNEL(bias_activation_backward_kernel, T, k, true));
    else
      run(CUCURBIT_KERNEL(bias_activation_backward_kernel, T, k, false));
  });
  if (dbias) reduce_middle(partial, dbias, 1, split.partial_rows(), cols, acc_t<T>(1), accumulate_dbias, stream);
}

#define CUCURBIT_INSTANTIATE(T)                                                                                   \
  template void bias_activation(const T*, const acc_t<T>*, T*, int64_t, int64_t, Activation, cudaStream_t);       \
  template void bias_activation_backward(const T*, const T*, const acc_t<T>*, T*, bool, acc_t<T>*, bool, int64_t, \
                                         int64_t, Activation, acc_t<T>*, cudaStream_t);
CUCURBIT_INSTANTIATE(float)
CUCURBIT_INSTANTIATE(bf16)
CUCURBIT_INSTANTIATE(double)
#undef CUCURBIT_INSTANTIATE

}  // namespace cucurbit::kernels
