#include "kernels/augment_view.cuh"
#include "kernels/device/launch.h"
#include "kernels/device/numeric.cuh"
#include "kernels/device/permutation.cuh"
#include "kernels/device/vector.cuh"
#include "kernels/gather_batch.h"

namespace cucurbit::kernels {

namespace {
constexpr int kBlockThreads = 256;
}  // namespace

/// What a gathering block reads: with a state, the batch at which it stands; without, samples in order from `begin`.
struct Gathering {
  const StepState* state;
  int64_t begin;
  bool shuffle;
  Augmentation augmentation;

  __device__ __forceinline__ int64_t sample(int64_t i, int64_t size, int64_t count) const {
    if (state == nullptr) return begin + i;
    const int64_t place = (state->batch * size + i) % count;
    if (!shuffle) return place;
    return Permutation(state->seed, uint64_t(state->epoch), uint32_t(count))(uint32_t(place));
  }
  __device__ __forceinline__ SampleDraw draw(int64_t sample) const {
    return state ? SampleDraw{state->seed, state->epoch, sample} : SampleDraw{0, 0, sample};
  }
};

/// The images of a batch, a block each. kChannels is known to the compiler where it is common, else 0.
template <int kThreads, int kChannels, class T>
__global__ void gather_images_kernel(ImageSource source, Gathering gathering, BatchTarget<T> target) {
  using A = acc_t<T>;
  const int64_t i = blockIdx.x, sample = gathering.sample(i, target.size, source.count);
  const SampleDraw draw = gathering.draw(sample);
  const View view = draw_view(gathering.augmentation, draw);
  const Box cut = draw_cutout(gathering.augmentation.cutout, draw, source.height, source.width);
  const bool reflect = gathering.augmentation.border == Border::reflect;
  if (thread_index<kThreads>() == 0) {
    target.labels[i] = source.labels[sample];
    target.indices[i] = int32_t(sample);
  }
  const int channels = kChannels ? kChannels : source.channels, width = source.width, row_size = width * channels;
  const float *mean = source.mean, *inverse_std = source.inverse_std;
  const auto normalised = [&](A pixel, int c) {
    return from_acc<T>((pixel * A(1 / 255.0) - mean[c]) * inverse_std[c]);
  };

  // Columns [shown, hidden) of the output lie inside the input.
  const int shift = view.mirrored ? view.right : -view.right;
  const int shown = shift > 0 ? (shift < width ? shift : width) : 0;
  const int hidden = shift < 0 ? (width + shift > 0 ? width + shift : 0) : width;
  const int lane = lane_index<kThreads>();
  for (int h : warp_strided<kThreads>(source.height)) {
    T* __restrict__ out = target.images + (i * source.height + h) * row_size;
    const int from = reflect ? reflected(h + view.down, source.height) : h + view.down;
    const bool inside = from >= 0 && from < source.height;
    const int first = inside ? shown * channels : row_size, last = inside ? hidden * channels : row_size;
    const uint8_t* __restrict__ row = source.images + (sample * source.height + (inside ? from : 0)) * row_size;
    const auto outside = [&](int j) {
      const int c = j % channels, w = j / channels;
      const int column = reflect ? reflected((view.mirrored ? width - 1 - w : w) + view.right, width) : 0;
      out[j] = normalised(reflect ? A(row[column * channels + c]) : A(0), c);
    };
    for_each(StridedRange<kLanes<kThreads>, int>{lane, first}, outside);
    for_each(StridedRange<kLanes<kThreads>, int>{last + lane, row_size}, outside);
    if (view.mirrored) {
      const int mirror = (view.right + width - 1) * channels;
      for_each(StridedRange<kLanes<kThreads>, int>{first + lane, last}, [&](int j) {
        const int c = j % channels;
        out[j] = normalised(A(row[mirror - j + 2 * c]), c);
      });
    } else {
      for_each(StridedRange<kLanes<kThreads>, int>{first + lane, last},
               [&](int j) { out[j] = normalised(A(row[j + view.right * channels]), j % channels); });
    }
    if (h < cut.top || h >= cut.bottom) continue;
    if constexpr (kThreads > 1) __syncwarp();  // other lanes wrote what is cut out
    for_each(StridedRange<kLanes<kThreads>, int>{cut.left * channels + lane, cut.right * channels},
             [&](int j) { out[j] = from_acc<T>(A(0)); });
  }
}

template <int kThreads>
__global__ void sample_order_kernel(const StepState* state, int64_t count, int32_t* order) {
  const Permutation permutation(state->seed, uint64_t(state->epoch), uint32_t(count));
  for (int64_t place : tile_of<kThreads>(count)) order[place] = int32_t(permutation(uint32_t(place)));
}

template <int kThreads, class T>
__global__ void gather_rows_kernel(const T* __restrict__ table, const int32_t* __restrict__ index,
                                   T* __restrict__ rows_out, int64_t rows, int64_t cols, int rows_per_block) {
  const int64_t first = int64_t(blockIdx.x) * rows_per_block;
  const int64_t left = rows - first < rows_per_block ? rows - first : rows_per_block;
  for (int64_t row : warp_strided<kThreads>(left)) {
    const T* from = table + int64_t(index[first + row]) * cols;
    T* into = rows_out + (first + row) * cols;
    for_each(lane_strided<kThreads>(cols), [&](int64_t c) { into[c] = from[c]; });
  }
}

// --- Launchers -----------------------------------------------------------------------------------------------------

namespace {
template <class T>
void gather(const ImageSource& source, const Gathering& gathering, const BatchTarget<T>& target, cudaStream_t stream) {
  const auto run = [&](auto channels) {
    launch<kBlockThreads>(CUCURBIT_KERNEL(gather_images_kernel, decltype(channels)::value, T), target.size, stream,
                          source, gathering, target);
  };
  if (source.channels == 1)
    run(std::integral_constant<int, 1>{});
  else if (source.channels == 3)
    run(std::integral_constant<int, 3>{});
  else
    run(std::integral_constant<int, 0>{});
}
}  // namespace

template <class T>
void gather_batch(const ImageSource& source, const StepState* state, bool shuffle, const Augmentation& augmentation,
                  const BatchTarget<T>& target, cudaStream_t stream) {
  gather(source, {state, 0, shuffle, augmentation}, target, stream);
}

template <class T>
void gather_range(const ImageSource& source, int64_t begin, const BatchTarget<T>& target, cudaStream_t stream) {
  gather(source, {nullptr, begin, false, {}}, target, stream);
}

void sample_order(const StepState* state, int64_t count, int32_t* order, cudaStream_t stream) {
  launch<kBlockThreads>(CUCURBIT_KERNEL(sample_order_kernel), blocks_for(count, kTile), stream, state, count, order);
}

template <class T>
void gather_rows(const T* table, const int32_t* index, T* rows_out, int64_t rows, int64_t cols, cudaStream_t stream) {
  const int64_t per_block = cols < 1 || cols > kTile ? 1 : kTile / cols;
  launch<kBlockThreads>(CUCURBIT_KERNEL(gather_rows_kernel, T), cols == 0 ? 0 : blocks_for(rows, per_block), stream,
                        table, index, rows_out, rows, cols, int(per_block));
}

#define INSTANTIATE(T)                                                                                               \
  template void gather_batch(const ImageSource&, const StepState*, bool, const Augmentation&, const BatchTarget<T>&, \
                             cudaStream_t);                                                                          \
  template void gather_range(const ImageSource&, int64_t, const BatchTarget<T>&, cudaStream_t);                      \
  template void gather_rows(const T*, const int32_t*, T*, int64_t, int64_t, cudaStream_t);
INSTANTIATE(float)
INSTANTIATE(bf16)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace cucurbit::kernels
