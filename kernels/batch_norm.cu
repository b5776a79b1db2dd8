#include "kernels/batch_norm.h"
#include "kernels/device/activate.cuh"
#include "kernels/device/channels.cuh"
#include "kernels/host/launch.h"

namespace cucurbit::kernels {

namespace {
constexpr int64_t kChunk = 8192;       // elements of a block: enough work for a CPU call, enough blocks for a GPU
constexpr int64_t kMostChunks = 1024;  // partial sums a channel
constexpr int kMergeThreads = 512;

RowGrid sum_grid(int64_t rows, int channels) { return row_grid(rows, channels, kChunk, kMostChunks); }
RowGrid map_grid(int64_t rows, int channels) { return row_grid(rows, channels, kChunk, int64_t(1) << 40); }
}  // namespace

int64_t batch_norm_workspace(int64_t rows, int channels) { return 2 * sum_grid(rows, channels).chunks * channels; }

// --- Statistics ----------------------------------------------------------------------------------------------------

/// partial [2, chunks, channels]: mean and sum of squared deviations of each chunk.
template <int kThreads, class T>
__global__ void chunk_moments_kernel(const T* __restrict__ x, acc_t<T>* __restrict__ partial, RowGrid grid) {
  using A = acc_t<T>;
  const RowChunk<kThreads> chunk = chunk_of<kThreads>(grid);
  const T* first = x + chunk.first_row * grid.channels;
  // Each lane's sums are about its own first value; a lane without rows has count 0.
  A shift[kLanesEach<kThreads>], sum[kLanesEach<kThreads>], square[kLanesEach<kThreads>];
  sum[0] = square[0] = 0;  // of lanes without a channel
  chunk.each_group([&](int j, int c, int group) {
    shift[j] = group < chunk.rows ? to_acc(first[int64_t(group) * grid.channels + c]) : A(0);
    sum[j] = square[j] = 0;
  });
  chunk.each_row([&](int64_t at, auto n) {
    each_lane<kThreads>(n, [&](int j) {
      const A deviation = to_acc(x[at + j]) - shift[j];
      sum[j] += deviation;
      square[j] += deviation * deviation;
    });
  });

  // Merged about the chunk's first row: first the mean, then the squares about it.
  __shared__ A sums[kSpan], squares[kSpan];
  A offset[kLanesEach<kThreads>];
  offset[0] = 0;
  chunk.each_group([&](int j, int c, int group) {
    offset[j] = A(chunk.rows_of_group(group)) * (shift[j] - to_acc(first[c])) + sum[j];
  });
  chunk.fold(offset, sums);
  const A inverse = A(1) / A(chunk.rows);
  chunk.each_group([&](int j, int c, int group) {
    const A count = A(chunk.rows_of_group(group)), mean = count > 0 ? sum[j] / count : A(0);
    const A distance = shift[j] - to_acc(first[c]) + mean - sums[c - chunk.first_channel] * inverse;
    const A deviation = square[j] - sum[j] * mean;
    square[j] = (deviation < 0 ? A(0) : deviation) + count * distance * distance;
  });
  chunk.fold(square, squares);
  A* means = partial + chunk.first_row / grid.chunk_rows * grid.channels + chunk.first_channel;
  A* deviations = means + grid.chunks * grid.channels;
  for_each(strided<kThreads>(chunk.width), [&](int c) {
    means[c] = to_acc(first[chunk.first_channel + c]) + sums[c] * inverse;
    deviations[c] = squares[c];
  });
}

/// The 32 channels of a merging block: a lane has one, or all of them with one thread. The warps share the chunks:
///
///             channel    0       1      ...    31
///   chunk 0   warp 0   lane 0  lane 1         lane 31
///   chunk 1   warp 1   lane 0  lane 1         lane 31      and so on, every kWarps-th chunk to a warp
template <int kThreads>
struct MergeTile {
  static constexpr int kEach = kWarp / kLanes<kThreads>;
  int first, count;  // this thread's channels: [first, first + count)

  __device__ __forceinline__ explicit MergeTile(int channels) {
    const int left = channels - int(blockIdx.x) * kWarp;
    first = int(blockIdx.x) * kWarp + lane_index<kThreads>();
    count = kEach == 1 ? lane_index<kThreads>() < left : (left < kWarp ? left : kWarp);
  }
  /// f(j, c) for this thread's channels c; loops with one thread are over consecutive channels.
  template <class F>
  __device__ __forceinline__ void each(F f) const {
    if constexpr (kEach == 1) {
      if (count > 0) f(0, first);
    } else {
      for_each(StridedRange<1, int>{0, count}, [&](int j) { f(j, first + j); });
    }
  }
  /// total[j] = sum over chunks of f(chunk, c), in every warp of the block.
  template <class A, class F>
  __device__ __forceinline__ void sum(int64_t chunks, A (&total)[kEach], F f) const {
    __shared__ A shared[kWarps<kThreads>][kWarp];
    for (int j = 0; j < kEach; ++j) total[j] = 0;
    for (int64_t chunk : warp_strided<kThreads>(chunks)) each([&](int j, int c) { total[j] += f(j, chunk, c); });
    __syncthreads();  // an earlier call may still be reading `shared`
    for (int j = 0; j < kEach; ++j) shared[warp_index<kThreads>()][lane_index<kThreads>() + j] = total[j];
    __syncthreads();  // every warp adds the sums of all warps, in the same order
    for (int j = 0; j < kEach; ++j) {
      total[j] = shared[0][lane_index<kThreads>() + j];
      for (int warp = 1; warp < kWarps<kThreads>; ++warp) total[j] += shared[warp][lane_index<kThreads>() + j];
    }
  }
  /// True in the warp that writes results.
  __device__ __forceinline__ bool writes() const { return warp_index<kThreads>() == 0; }
};

template <int kThreads, class A>
__global__ void merge_moments_kernel(const A* __restrict__ partial, A* __restrict__ mean, A* __restrict__ invstd,
                                     A* __restrict__ running_mean, A* __restrict__ running_variance, A epsilon,
                                     A momentum, RowGrid grid) {
  const MergeTile<kThreads> tile(grid.channels);
  const int64_t channels = grid.channels;
  const A* deviations = partial + grid.chunks * channels;
  const A whole = A(grid.chunk_rows), last = A(grid.rows - (grid.chunks - 1) * grid.chunk_rows);
  const auto rows_of = [&](int64_t chunk) { return chunk + 1 < grid.chunks ? whole : last; };
  A centre[tile.kEach], total[tile.kEach];
  // About the first chunk's mean, so that merging loses nothing where the mean is far larger than the deviation.
  tile.sum(grid.chunks, total,
           [&](int, int64_t chunk, int c) { return rows_of(chunk) * (partial[chunk * channels + c] - partial[c]); });
  tile.each([&](int j, int c) { centre[j] = partial[c] + total[j] / A(grid.rows); });
  tile.sum(grid.chunks, total, [&](int j, int64_t chunk, int c) {
    const A distance = partial[chunk * channels + c] - centre[j];
    return deviations[chunk * channels + c] + rows_of(chunk) * distance * distance;
  });
  if (!tile.writes()) return;
  tile.each([&](int j, int c) {
    mean[c] = centre[j];
    invstd[c] = A(1) / math::sqrt(total[j] / A(grid.rows) + epsilon);
  });
  if (running_mean == nullptr) return;
  tile.each([&](int j, int c) {
    running_mean[c] += momentum * (centre[j] - running_mean[c]);
    running_variance[c] += momentum * (total[j] / A(grid.rows - 1) - running_variance[c]);
  });
}

template <int kThreads, class A>
__global__ void frozen_statistics_kernel(const A* running_mean, const A* running_variance, A* mean, A* invstd,
                                         A epsilon, int channels) {
  for_each(tile_of<kThreads>(channels), [&](int64_t c) {
    mean[c] = running_mean[c];
    invstd[c] = A(1) / math::sqrt(running_variance[c] + epsilon);
  });
}

// --- Forward -------------------------------------------------------------------------------------------------------

/// Constants of this thread's lanes: z = (x - mean) scale + shift.
template <int kThreads, class A>
struct LaneAffine {
  A mean[kLanesEach<kThreads>], scale[kLanesEach<kThreads>], shift[kLanesEach<kThreads>];

  __device__ __forceinline__ LaneAffine(const RowChunk<kThreads>& chunk, const ChannelAffine<A>& affine) {
    chunk.each_channel([&](int j, int c) {
      mean[j] = affine.mean[c];
      scale[j] = affine.gamma[c] * affine.invstd[c];
      shift[j] = affine.beta[c];
    });
  }
};

template <int kThreads, Activation kind, bool kResidual, class T>
__global__ void batch_norm_kernel(const T* __restrict__ x, [[maybe_unused]] const T* __restrict__ residual,
                                  ChannelAffine<acc_t<T>> affine, T* __restrict__ y, RowGrid grid) {
  using A = acc_t<T>;
  const RowChunk<kThreads> chunk = chunk_of<kThreads>(grid);
  const LaneAffine<kThreads, A> lane(chunk, affine);
  chunk.each_row([&](int64_t at, auto n) {
    store_lanes<kThreads>(n, y + at, [&](int j) {
      A z = (to_acc(x[at + j]) - lane.mean[j]) * lane.scale[j] + lane.shift[j];
      if constexpr (kResidual) z += to_acc(residual[at + j]);
      return activate<kind>(z);
    });
  });
}

// --- Backward ------------------------------------------------------------------------------------------------------

/// dz = dy act'(z); `saved` is read only if kSaved: it holds the residual if the derivative needs z, else y.
template <Activation kind, bool kSaved, class T>
__device__ __forceinline__ acc_t<T> preactivation_gradient(acc_t<T> dy, acc_t<T> z, const T* saved, int64_t at) {
  using A = acc_t<T>;
  if constexpr (kind == Activation::identity) return dy;
  // A choice of dy or 0, as a product by 1 or 0 takes g++ twice the instructions.
  if constexpr (kind == Activation::relu && kSaved) return to_acc(saved[at]) > 0 ? dy : A(0);
  if constexpr (kind == Activation::relu) return z > 0 ? dy : A(0);
  if constexpr (kSaved && needs_input(kind)) return dy * activate_gradient<kind>(z + to_acc(saved[at]), A(0));
  if constexpr (kSaved) return dy * activate_gradient<kind>(A(0), to_acc(saved[at]));
  if constexpr (needs_input(kind)) return dy * activate_gradient<kind>(z, A(0));
  return dy * activate_gradient<kind>(A(0), activate<kind>(z));
}

/// partial [2, chunks, channels]: sum dz and sum dz (x - mean) of each chunk.
template <int kThreads, Activation kind, bool kSaved, class T>
__global__ void batch_norm_sums_kernel(const T* __restrict__ x, const T* __restrict__ dy, const T* __restrict__ saved,
                                       ChannelAffine<acc_t<T>> affine, acc_t<T>* __restrict__ partial, RowGrid grid) {
  using A = acc_t<T>;
  const RowChunk<kThreads> chunk = chunk_of<kThreads>(grid);
  const LaneAffine<kThreads, A> lane(chunk, affine);
  A sum[kLanesEach<kThreads>], product[kLanesEach<kThreads>];
  sum[0] = product[0] = 0;
  chunk.each_channel([&](int j, int) { sum[j] = product[j] = 0; });
  chunk.each_row([&](int64_t at, auto n) {
    each_lane<kThreads>(n, [&](int j) {
      const A deviation = to_acc(x[at + j]) - lane.mean[j];
      const A z = deviation * lane.scale[j] + lane.shift[j];
      const A dz = preactivation_gradient<kind, kSaved, T>(to_acc(dy[at + j]), z, saved, at + j);
      sum[j] += dz;
      product[j] += dz * deviation;
    });
  });

  __shared__ A sums[kSpan], products[kSpan];
  chunk.fold(sum, sums);
  chunk.fold(product, products);
  A* first = partial + chunk.first_row / grid.chunk_rows * grid.channels + chunk.first_channel;
  A* second = first + grid.chunks * grid.channels;
  for_each(strided<kThreads>(chunk.width), [&](int c) {
    first[c] = sums[c];
    second[c] = products[c];
  });
}

template <int kThreads, class A>
__global__ void merge_sums_kernel(const A* __restrict__ partial, const A* __restrict__ invstd,
                                  ChannelGradient<A> dgamma, ChannelGradient<A> dbeta, A* __restrict__ sums,
                                  int64_t chunks, int channels) {
  const MergeTile<kThreads> tile(channels);
  A sum[tile.kEach], product[tile.kEach];
  tile.sum(chunks, sum, [&](int, int64_t chunk, int c) { return partial[chunk * channels + c]; });
  tile.sum(chunks, product, [&](int, int64_t chunk, int c) { return partial[(chunks + chunk) * channels + c]; });
  if (!tile.writes()) return;
  tile.each([&](int j, int c) {
    product[j] *= invstd[c];
    sums[c] = sum[j];
    sums[channels + c] = product[j];
  });
  const auto write = [&](const ChannelGradient<A>& gradient, const A* values) {
    if (gradient.value == nullptr) return;
    if (gradient.accumulate)
      tile.each([&](int j, int c) { gradient.value[c] += values[j]; });
    else
      tile.each([&](int j, int c) { gradient.value[c] = values[j]; });
  };
  write(dbeta, sum);
  write(dgamma, product);
}

template <int kThreads, Activation kind, bool kSaved, class T>
__global__ void batch_norm_backward_kernel(const T* __restrict__ x, const T* __restrict__ dy,
                                           const T* __restrict__ saved, ChannelAffine<acc_t<T>> affine,
                                           const acc_t<T>* __restrict__ sums, T* __restrict__ dx, bool accumulate_dx,
                                           T* __restrict__ dresidual, bool accumulate_dresidual, RowGrid grid) {
  using A = acc_t<T>;
  const RowChunk<kThreads> chunk = chunk_of<kThreads>(grid);
  const LaneAffine<kThreads, A> lane(chunk, affine);
  A level[kLanesEach<kThreads>], slope[kLanesEach<kThreads>];  // dx = scale (dz - level - slope (x - mean))
  const A inverse = sums ? A(1) / A(grid.rows) : A(0);
  chunk.each_channel([&](int j, int c) {
    level[j] = sums ? sums[c] * inverse : A(0);
    slope[j] = sums ? sums[grid.channels + c] * affine.invstd[c] * inverse : A(0);
  });
  const auto gradient = [&](int64_t i, int j) {
    const A z = (to_acc(x[i]) - lane.mean[j]) * lane.scale[j] + lane.shift[j];
    return preactivation_gradient<kind, kSaved, T>(to_acc(dy[i]), z, saved, i);
  };
  const auto input_gradient = [&](int64_t i, int j) {
    return lane.scale[j] * (gradient(i, j) - level[j] - slope[j] * (to_acc(x[i]) - lane.mean[j]));
  };
  const auto write = [&](int64_t at, auto n, T* into, bool accumulate, auto value) {
    if (into == nullptr) return;
    if (accumulate)
      store_lanes<kThreads>(n, into + at, [&](int j) { return to_acc(into[at + j]) + value(at + j, j); });
    else
      store_lanes<kThreads>(n, into + at, [&](int j) { return value(at + j, j); });
  };
  chunk.each_row([&](int64_t at, auto n) {
    write(at, n, dx, accumulate_dx, input_gradient);
    write(at, n, dresidual, accumulate_dresidual, gradient);
  });
}

// --- Launchers -----------------------------------------------------------------------------------------------------

template <class T>
void batch_statistics(const T* x, int64_t rows, int channels, double epsilon, double momentum, acc_t<T>* running_mean,
                      acc_t<T>* running_variance, acc_t<T>* mean, acc_t<T>* invstd, acc_t<T>* workspace,
                      cudaStream_t stream) {
  using A = acc_t<T>;
  const RowGrid grid = sum_grid(rows, channels);
  launch<kSpan>(CUCURBIT_KERNEL(chunk_moments_kernel, T), grid.blocks(), stream, x, workspace, grid);
  launch<kMergeThreads>(CUCURBIT_KERNEL(merge_moments_kernel, A), blocks_for(channels, kWarp), stream, workspace, mean,
                        invstd, running_mean, running_variance, A(epsilon), A(momentum), grid);
}

template <class A>
void frozen_statistics(const A* running_mean, const A* running_variance, int channels, double epsilon, A* mean,
                       A* invstd, cudaStream_t stream) {
  launch<256>(CUCURBIT_KERNEL(frozen_statistics_kernel, A), blocks_for(channels, kTile), stream, running_mean,
              running_variance, mean, invstd, A(epsilon), channels);
}

namespace {
/// f(tag of the activation, std::bool_constant<flag>).
template <class F>
void dispatch(Activation activation, bool flag, F&& f) {
  dispatch_activation(activation, [&](auto kind) {
    if (flag)
      f(kind, std::true_type{});
    else
      f(kind, std::false_type{});
  });
}

/// Whether a backward kernel reads `saved`. The identity's derivative needs nothing: one kernel serves, not two.
template <Activation kind, bool kGiven>
inline constexpr bool reads_saved = kind != Activation::identity&& kGiven;
}  // namespace

template <class T>
void batch_norm(const T* x, const T* residual, ChannelAffine<acc_t<T>> affine, T* y, int64_t rows, int channels,
                Activation activation, cudaStream_t stream) {
  const RowGrid grid = map_grid(rows, channels);
  dispatch(activation, residual != nullptr, [&](auto kind, auto flag) {
    launch<kSpan>(CUCURBIT_KERNEL(batch_norm_kernel, decltype(kind)::value, decltype(flag)::value, T), grid.blocks(),
                  stream, x, residual, affine, y, grid);
  });
}

template <class T>
void batch_norm_sums(const BatchNormSaved<T>& saved, ChannelGradient<acc_t<T>> dgamma, ChannelGradient<acc_t<T>> dbeta,
                     acc_t<T>* sums, acc_t<T>* workspace, cudaStream_t stream) {
  using A = acc_t<T>;
  const RowGrid grid = sum_grid(saved.rows, saved.channels);
  dispatch(saved.activation, saved.saved != nullptr, [&](auto kind, auto flag) {
    launch<kSpan>(CUCURBIT_KERNEL(batch_norm_sums_kernel, decltype(kind)::value,
                                  (reads_saved<decltype(kind)::value, decltype(flag)::value>), T),
                  grid.blocks(), stream, saved.x, saved.dy, saved.saved, saved.affine, workspace, grid);
  });
  launch<kMergeThreads>(CUCURBIT_KERNEL(merge_sums_kernel, A), blocks_for(saved.channels, kWarp), stream, workspace,
                        saved.affine.invstd, dgamma, dbeta, sums, grid.chunks, saved.channels);
}

template <class T>
void batch_norm_backward(const BatchNormSaved<T>& saved, const acc_t<T>* sums, T* dx, bool accumulate_dx, T* dresidual,
                         bool accumulate_dresidual, cudaStream_t stream) {
  const RowGrid grid = map_grid(saved.rows, saved.channels);
  dispatch(saved.activation, saved.saved != nullptr, [&](auto kind, auto flag) {
    launch<kSpan>(CUCURBIT_KERNEL(batch_norm_backward_kernel, decltype(kind)::value,
                                  (reads_saved<decltype(kind)::value, decltype(flag)::value>), T),
                  grid.blocks(), stream, saved.x, saved.dy, saved.saved, saved.affine, sums, dx, accumulate_dx,
                  dresidual, accumulate_dresidual, grid);
  });
}

#define CUCURBIT_INSTANTIATE(T)                                                                                      \
  template void batch_statistics(const T*, int64_t, int, double, double, acc_t<T>*, acc_t<T>*, acc_t<T>*, acc_t<T>*, \
                                 acc_t<T>*, cudaStream_t);                                                           \
  template void batch_norm(const T*, const T*, ChannelAffine<acc_t<T>>, T*, int64_t, int, Activation, cudaStream_t); \
  template void batch_norm_sums(const BatchNormSaved<T>&, ChannelGradient<acc_t<T>>, ChannelGradient<acc_t<T>>,      \
                                acc_t<T>*, acc_t<T>*, cudaStream_t);                                                 \
  template void batch_norm_backward(const BatchNormSaved<T>&, const acc_t<T>*, T*, bool, T*, bool, cudaStream_t);
CUCURBIT_INSTANTIATE(float)
CUCURBIT_INSTANTIATE(bf16)
CUCURBIT_INSTANTIATE(double)
#undef CUCURBIT_INSTANTIATE
template void frozen_statistics(const float*, const float*, int, double, float*, float*, cudaStream_t);
template void frozen_statistics(const double*, const double*, int, double, double*, double*, cudaStream_t);

}  // namespace cucurbit::kernels
