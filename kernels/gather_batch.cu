#include "kernels/device/launch.h"
#include "kernels/device/numeric.cuh"
#include "kernels/device/permutation.cuh"
#include "kernels/device/vector.cuh"
#include "kernels/gather_batch.h"

namespace cucurbit::kernels {

namespace {
constexpr int kBlockThreads = 256;
constexpr uint32_t kPurposeJitter = 0x317e;
}  // namespace

/// What a gathering block reads: with a state, the batch at which it stands; without, samples in order from `begin`.
struct Gathering {
  const StepState* state;
  int64_t begin;
  bool shuffle;
  Jitter jitter;

  __device__ __forceinline__ int64_t sample(int64_t i, int64_t size, int64_t count) const {
    if (state == nullptr) return begin + i;
    const int64_t place = (state->batch * size + i) % count;
    if (!shuffle) return place;
    return Permutation(state->seed, uint64_t(state->epoch), uint32_t(count))(uint32_t(place));
  }
};

/// How one sample is moved: output (h, w) shows input (h + down, right + w), or, mirrored, (h + down, right + width - 1
/// - w).
struct View {
  int down = 0, right = 0;
  bool mirrored = false;

  __device__ __forceinline__ View(const Gathering& gathering, int64_t sample) {
    if (gathering.state == nullptr) return;
    const auto [max_shift, mirror] = gathering.jitter;
    if (max_shift == 0 && !mirror) return;
    const uint64_t seed = gathering.state->seed, epoch = uint64_t(gathering.state->epoch);
    const auto bits = philox4x32({uint32_t(sample), uint32_t(epoch), uint32_t(epoch >> 32), kPurposeJitter},
                                 {uint32_t(seed), uint32_t(seed >> 32)});
    down = shift(bits[0], max_shift);
    right = shift(bits[1], max_shift);
    mirrored = mirror && bits[2] >> 31;
  }

 private:
  /// Evenly from [-most, most].
  static __device__ __forceinline__ int shift(uint32_t bits, int most) {
    return int(uint64_t(bits) * uint32_t(2 * most + 1) >> 32) - most;
  }
};

/// The images of a batch, a block each. kChannels is known to the compiler where it is common, else 0.
template <int kThreads, int kChannels, class T>
__global__ void gather_images_kernel(ImageSource source, Gathering gathering, BatchTarget<T> target) {
  using A = acc_t<T>;
  const int64_t i = blockIdx.x, sample = gathering.sample(i, target.size, source.count);
  const View view(gathering, sample);
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
  for (int h : warp_strided<kThreads>(source.height)) {
    T* __restrict__ out = target.images + (i * source.height + h) * row_size;
    const int from = h + view.down;
    const bool inside = from >= 0 && from < source.height;
    const int first = inside ? shown * channels : row_size, last = inside ? hidden * channels : row_size;
    const auto background = [&](int j) { out[j] = normalised(A(0), j % channels); };
    const uint8_t* __restrict__ row = source.images + (sample * source.height + (inside ? from : 0)) * row_size;
    const int lane = lane_index<kThreads>();
    for_each(StridedRange<kLanes<kThreads>, int>{lane, first}, background);
    for_each(StridedRange<kLanes<kThreads>, int>{last + lane, row_size}, background);
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
void gather_batch(const ImageSource& source, const StepState* state, bool shuffle, const Jitter& jitter,
                  const BatchTarget<T>& target, cudaStream_t stream) {
  gather(source, {state, 0, shuffle, jitter}, target, stream);
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

#define INSTANTIATE(T)                                                                                         \
  template void gather_batch(const ImageSource&, const StepState*, bool, const Jitter&, const BatchTarget<T>&, \
                             cudaStream_t);                                                                    \
  template void gather_range(const ImageSource&, int64_t, const BatchTarget<T>&, cudaStream_t);                \
  template void gather_rows(const T*, const int32_t*, T*, int64_t, int64_t, cudaStream_t);
INSTANTIATE(float)
INSTANTIATE(bf16)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace cucurbit::kernels
