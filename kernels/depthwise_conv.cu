#include "kernels/depthwise_conv.h"
#include "kernels/device/patches.cuh"
#include "kernels/split_k.cuh"

namespace cucurbit::kernels {

namespace {
constexpr int kChannels = 64;  // of a block; neighbours in memory are neighbouring threads
constexpr int kPixels = 64;    // of a block
constexpr int kOffsets = 16;   // filter offsets (r, s) held at a time

/// Lanes of a thread's inner loop, and threads that share a channel.
template <int kThreads>
constexpr int kLanesHeld = kThreads == 1 ? kChannels : 1;
template <int kThreads>
constexpr int kSharers = kThreads == 1 ? 1 : kThreads / kChannels;

template <int kThreads>
__device__ __forceinline__ int first_channel() {
  return kThreads == 1 ? 0 : thread_index<kThreads>() % kChannels;
}
template <int kThreads>
__device__ __forceinline__ int sharer() {
  return kThreads == 1 ? 0 : thread_index<kThreads>() / kChannels;
}

/// weights[t][c] = filter of channel `channel + c` at filter offset `offset + t`; filters are [C, all_offsets]. Every
/// thread of the block calls it: it begins and ends with a barrier.
template <int kThreads, class T, class A>
__device__ void stage_weights(const T* w, int64_t channel, int channels, int offset, int count, int all_offsets,
                              A (*weights)[kChannels]) {
  if constexpr (kThreads > 1) __syncthreads();  // the weights staged before may still be read
  for (int item : strided<kThreads>(count * channels)) {
    const int c = item / count, t = item % count;
    weights[t][c] = to_acc(w[(channel + c) * all_offsets + offset + t]);
  }
  if constexpr (kThreads > 1) __syncthreads();  // every thread reads what the others staged
}
}  // namespace

/// out[pixel, c] (+)= sum over offsets of patches[pixel, offset, c] w[c, offset]: forward with the input's patches, the data
/// gradient with the cotangent's. Groups have one channel, so an index of a patch is a filter
/// offset.
///
/// A block has kPixels pixels of kChannels channels. On a GPU the threads lie channel by channel, so that neighbours
/// read neighbours in memory:
///
///              channel 0  1  2 ... 63
///   pixel 0     thread 0  1  2 ... 63
///   pixel 1           64 65 66 ... 127      and so on, then each thread goes on kSharers pixels further
///
/// With one thread the channels are the lanes of a vector and the pixels follow one another.
template <int kThreads, class T, class Patches>
__global__ __launch_bounds__(256) void depthwise_kernel(Patches patches, const T* w, T* out, int64_t pixels,
                                                        bool accumulate) {
  using A = acc_t<T>;
  constexpr int kLanes = kLanesHeld<kThreads>, kHeld = kPixels / kSharers<kThreads>;
  __shared__ A weights[kOffsets][kChannels];
  const int all_channels = patches.shape.c, all_offsets = patches.shape.r * patches.shape.s;
  const int chunks = (all_channels + kChannels - 1) / kChannels;
  const int64_t channel = int64_t(blockIdx.x) % chunks * kChannels, pixel = int64_t(blockIdx.x) / chunks * kPixels;
  const int channels = all_channels - channel < kChannels ? int(all_channels - channel) : kChannels;
  const int live = pixels - pixel < kPixels ? int(pixels - pixel) : kPixels;
  const int c = first_channel<kThreads>(), lanes = kThreads == 1 ? channels : c < channels;

  A sums[kHeld][kLanes] = {};
  for (int offset = 0; offset < all_offsets; offset += kOffsets) {
    const int count = all_offsets - offset < kOffsets ? all_offsets - offset : kOffsets;
    stage_weights<kThreads>(w, channel, channels, offset, count, all_offsets, weights);
#pragma unroll
    for (int i = 0; i < kHeld; ++i) {
      const int index = i * kSharers<kThreads> + sharer<kThreads>();
      if (index >= live) break;
      const auto place = patches.pixel(int(pixel) + index);
      for (int t = 0; t < count; ++t) {
        const T* __restrict__ from = patches.span(place, offset + t).data;
        if (!from) continue;
        from += channel + c;
        for (int x = 0; x < lanes; ++x) sums[i][x] += to_acc(from[x]) * weights[t][c + x];
      }
    }
  }
#pragma unroll
  for (int i = 0; i < kHeld; ++i) {
    const int index = i * kSharers<kThreads> + sharer<kThreads>();
    if (index < live)
      MatrixResult<T, A>{out, all_channels, A(1), A(accumulate)}.write(pixel + index, channel + c, sums[i], lanes);
  }
}

/// partials[split, c, offset] = sum over the split's pixels of dy[pixel, c] patches[pixel, offset, c]. Threads lie as in
/// depthwise_kernel. Each keeps its channel's sums of kOffsets filter offsets in registers and sees every kSharers-th
/// pixel; those that share a channel add up at the end.
template <int kThreads, class T>
__global__ __launch_bounds__(256) void depthwise_filter_gradient_kernel(InputPatches<T> patches, const T* dy,
                                                                        acc_t<T>* partials, int64_t pixels,
                                                                        int64_t per_split) {
  using A = acc_t<T>;
  constexpr int kLanes = kLanesHeld<kThreads>;
  __shared__ A shared[kSharers<kThreads>][kChannels];
  const int all_channels = patches.shape.c, all_offsets = patches.shape.r * patches.shape.s;
  const int chunks = (all_channels + kChannels - 1) / kChannels,
            offset_chunks = (all_offsets + kOffsets - 1) / kOffsets;
  int64_t at = blockIdx.x;
  const int64_t channel = at % chunks * kChannels;
  at /= chunks;
  const int offset = int(at % offset_chunks) * kOffsets;
  const int64_t split = at / offset_chunks, begin = split * per_split;
  const int64_t end = begin + per_split < pixels ? begin + per_split : pixels;
  const int channels = all_channels - channel < kChannels ? int(all_channels - channel) : kChannels;
  const int count = all_offsets - offset < kOffsets ? all_offsets - offset : kOffsets;
  const int c = first_channel<kThreads>(), lanes = kThreads == 1 ? channels : c < channels;

  A sums[kOffsets][kLanes] = {};
  for (int64_t pixel = begin + sharer<kThreads>(); pixel < end; pixel += kSharers<kThreads>) {
    const auto place = patches.pixel(int(pixel));
    const T* __restrict__ cotangent = dy + pixel * all_channels + channel + c;
#pragma unroll
    for (int t = 0; t < kOffsets; ++t) {
      if (t >= count) break;
      const T* __restrict__ from = patches.span(place, offset + t).data;
      if (!from) continue;
      from += channel + c;
      for (int x = 0; x < lanes; ++x) sums[t][x] += to_acc(cotangent[x]) * to_acc(from[x]);
    }
  }
#pragma unroll
  for (int t = 0; t < kOffsets; ++t) {
    if (t >= count) break;
    if constexpr (kThreads > 1) {
      __syncthreads();  // the sums of the previous offset may still be read
      shared[sharer<kThreads>()][c] = sums[t][0];
      __syncthreads();  // the first sharer of a channel reads what the others wrote
    }
    if (sharer<kThreads>() != 0) continue;
    for (int x = 0; x < lanes; ++x) {
      A sum = kThreads == 1 ? sums[t][x] : shared[0][c];
      for (int other = 1; other < kSharers<kThreads>; ++other) sum += shared[other][c];
      partials[(split * all_channels + channel + c + x) * all_offsets + offset + t] = sum;
    }
  }
}

namespace {
int64_t chunks_of(const ConvShape& shape) { return blocks_for(shape.c, kChannels); }

/// Pieces of the sum over pixels: enough blocks for a GPU, each of at least 512 pixels.
struct PixelSplit {
  int64_t pixels, splits, per_split;
  explicit PixelSplit(const ConvShape& shape) : pixels(shape.n * shape.p * shape.q) {
    const int64_t blocks = chunks_of(shape) * blocks_for(int64_t(shape.r) * shape.s, kOffsets);
    splits = blocks_for(512, blocks);
    if (splits > pixels / 512) splits = pixels / 512;
    if (splits < 1) splits = 1;
    per_split = blocks_for(pixels, splits);
    if (per_split < 1) per_split = 1;
    splits = pixels == 0 ? 1 : blocks_for(pixels, per_split);
  }
};
}  // namespace

template <class T>
void depthwise_forward(const ConvShape& shape, const T* x, const T* w, T* y, cudaStream_t stream) {
  const int64_t pixels = shape.n * shape.p * shape.q;
  const InputPatches<T> patches{x, shape, ConvDivisors(shape)};
  launch<256>(CUCURBIT_KERNEL(depthwise_kernel, T, InputPatches<T>), blocks_for(pixels, kPixels) * chunks_of(shape),
              stream, patches, w, y, pixels, false);
}

template <class T>
void depthwise_data_gradient(const ConvShape& shape, const T* w, const T* dy, T* dx, bool accumulate,
                             cudaStream_t stream) {
  const int64_t pixels = shape.n * shape.h * shape.w;
  const CotangentPatches<T> patches{dy, shape, ConvDivisors(shape)};
  launch<256>(CUCURBIT_KERNEL(depthwise_kernel, T, CotangentPatches<T>), blocks_for(pixels, kPixels) * chunks_of(shape),
              stream, patches, w, dx, pixels, accumulate);
}

template <class T>
size_t depthwise_filter_gradient_workspace(const ConvShape& shape) {
  return PixelSplit(shape).splits * shape.filter_size() * sizeof(acc_t<T>);
}

template <class T, class D>
void depthwise_filter_gradient(const ConvShape& shape, const T* x, const T* dy, D* dw, bool accumulate, void* workspace,
                               cudaStream_t stream) {
  using A = acc_t<T>;
  const PixelSplit split(shape);
  const InputPatches<T> patches{x, shape, ConvDivisors(shape)};
  A* partials = static_cast<A*>(workspace);
  const int64_t offsets = int64_t(shape.r) * shape.s;
  launch<256>(CUCURBIT_KERNEL(depthwise_filter_gradient_kernel, T),
              chunks_of(shape) * blocks_for(offsets, kOffsets) * split.splits, stream, patches, dy, partials,
              split.pixels, split.per_split);
  const MatrixResult<D, A> result{dw, offsets, A(1), A(accumulate)};
  launch<256>(CUCURBIT_KERNEL(sum_splits_kernel, D, A), blocks_for(shape.c * offsets, kTile), stream, partials,
              split.splits, int64_t(shape.c), offsets, result);
}

#define CUCURBIT_INSTANTIATE(T)                                                                        \
  template void depthwise_forward(const ConvShape&, const T*, const T*, T*, cudaStream_t);             \
  template void depthwise_data_gradient(const ConvShape&, const T*, const T*, T*, bool, cudaStream_t); \
  template size_t depthwise_filter_gradient_workspace<T>(const ConvShape&);
CUCURBIT_INSTANTIATE(float)
CUCURBIT_INSTANTIATE(bf16)
CUCURBIT_INSTANTIATE(double)
#undef CUCURBIT_INSTANTIATE

#define CUCURBIT_INSTANTIATE(T, D) \
  template void depthwise_filter_gradient(const ConvShape&, const T*, const T*, D*, bool, void*, cudaStream_t);
CUCURBIT_INSTANTIATE(float, float)
CUCURBIT_INSTANTIATE(bf16, bf16)
CUCURBIT_INSTANTIATE(bf16, float)
CUCURBIT_INSTANTIATE(double, double)
#undef CUCURBIT_INSTANTIATE

}  // namespace cucurbit::kernels
