#include "kernels/augment_pixels.cuh"
#include "kernels/augment_view.cuh"
#include "kernels/device/numeric.cuh"
#include "kernels/device/permutation.cuh"
#include "kernels/device/vector.cuh"
#include "kernels/error.h"
#include "kernels/gather_batch.h"
#include "kernels/host/launch.h"

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
    const int64_t place = (state->epoch_micro_batch * size + i) % count;
    if (!shuffle) return place;
    return Permutation(state->seed, uint64_t(state->epoch), uint32_t(count))(uint32_t(place));
  }
  /// Where the picture of a sample, image i of the batch, lies in source.images.
  __device__ __forceinline__ int64_t picture(int64_t i, int64_t size, int64_t sample, int64_t ring) const {
    if (ring == 0) return sample;
    return (state ? state->micro_batch % ring : 0) * size + i;
  }
  __device__ __forceinline__ SampleDraw draw(int64_t sample) const {
    return state ? SampleDraw{state->seed, state->epoch, sample} : SampleDraw{0, 0, sample};
  }
};

template <class T>
__device__ __forceinline__ void write_names(const ImageSource& source, int64_t sample, const BatchTarget<T>& target,
                                            int64_t i) {
  const int32_t label = source.labels[sample];
  target.labels[i] = label;
  target.indices[i] = int32_t(sample);
  if (target.second_labels) target.second_labels[target.size - 1 - i] = label;
}

/// The images of a batch, a block each. kChannels is known to the compiler where it is common, else 0.
template <int kThreads, int kChannels, class T>
__global__ void gather_images_kernel(ImageSource source, Gathering gathering, BatchTarget<T> target) {
  using A = acc_t<T>;
  const int64_t i = blockIdx.x, sample = gathering.sample(i, target.size, source.count);
  const int64_t picture = gathering.picture(i, target.size, sample, source.ring);
  const SampleDraw draw = gathering.draw(sample);
  const View view = draw_view(gathering.augmentation, draw);
  const Box cut = draw_cutout(gathering.augmentation.cutout, draw, source.height, source.width);
  const bool reflect = gathering.augmentation.border == Border::reflect;
  if (thread_index<kThreads>() == 0) write_names(source, sample, target, i);
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
  // f(j, channel) for the values [first, last) of a row. The lanes of a warp go value by value, side by side in memory.
  // One thread goes pixel by pixel where that is faster: the compiler then knows the channel, but has to interleave.
  const auto by_value = [&](int first, int last, auto f) {
    for_each(StridedRange<kLanes<kThreads>, int>{first + lane, last}, [&](int j) { f(j, j % channels); });
  };
  const auto by_pixel = [&](int first, int last, auto f) {
    if constexpr (kThreads == 1 && kChannels > 1)
      for_each(StridedRange<kChannels, int>{first, last}, [&](int j) {
        for (int c = 0; c < kChannels; ++c) f(j + c, c);
      });
    else
      by_value(first, last, f);
  };
  for (int h : warp_strided<kThreads>(source.height)) {
    T* __restrict__ out = target.images + (i * source.height + h) * row_size;
    const int from = reflect ? reflected(h + view.down, source.height) : h + view.down;
    const bool inside = from >= 0 && from < source.height;
    const int first = inside ? shown * channels : row_size, last = inside ? hidden * channels : row_size;
    const uint8_t* __restrict__ row = source.images + (picture * source.height + (inside ? from : 0)) * row_size;
    const auto outside = [&](int j, int c) {
      const int w = j / channels,
                column = reflect ? reflected((view.mirrored ? width - 1 - w : w) + view.right, width) : 0;
      out[j] = normalised(reflect ? A(row[column * channels + c]) : A(0), c);
    };
    by_pixel(0, first, outside);
    by_pixel(last, row_size, outside);
    if (view.mirrored) {
      const int mirror = (view.right + width - 1) * channels;
      by_pixel(first, last, [&](int j, int c) { out[j] = normalised(A(row[mirror - j + 2 * c]), c); });
    } else {
      const auto moved = [&](int j, int c) { out[j] = normalised(A(row[j + view.right * channels]), c); };
      sizeof(T) > 2 ? by_pixel(first, last, moved) : by_value(first, last, moved);
    }
    if (h < cut.top || h >= cut.bottom) continue;
    if constexpr (kThreads > 1) __syncwarp();  // other lanes wrote what is cut out
    by_value(cut.left * channels, cut.right * channels, [&](int j, int) { out[j] = from_acc<T>(A(0)); });
  }
}

/// An image of bytes, looked at from any place: in rows and columns, possibly between and outside of its pixels.
template <int kChannels>
struct Looking {
  const uint8_t* image;
  int height, width;
  bool reflect;

  __device__ __forceinline__ float pixel(int h, int w, int c) const {
    return h < 0 || w < 0 ? 0.f : float(image[(h * width + w) * kChannels + c]);
  }
  /// The pixel of a line of n at place i; -1: none.
  __device__ __forceinline__ int at(int i, int n) const { return reflect ? reflected(i, n) : i < 0 || i >= n ? -1 : i; }

  __device__ __forceinline__ void whole(int h, int w, float* out) const {
    for (int c = 0; c < kChannels; ++c) out[c] = pixel(at(h, height), at(w, width), c);
  }
  __device__ __forceinline__ void between(float h, float w, float* out) const {
    const float top = floorf(h), left = floorf(w), down = h - top, right = w - left;
    const int above = at(int(top), height), below = at(int(top) + 1, height);
    const int before = at(int(left), width), after = at(int(left) + 1, width);
    for (int c = 0; c < kChannels; ++c) {
      const float upper = pixel(above, before, c) * (1 - right) + pixel(above, after, c) * right;
      const float lower = pixel(below, before, c) * (1 - right) + pixel(below, after, c) * right;
      out[c] = upper * (1 - down) + lower * down;
    }
  }
};

template <int kThreads, int kChannels>
__device__ __forceinline__ void change_colors(const Augmentation& augmentation, const SampleDraw& draw,
                                              Pixels<kThreads, kChannels> pixels) {
  for (int k = 0; k < augmentation.rand_augment.operations; ++k) {
    const auto [operation, amount] = draw_operation(augmentation.rand_augment, draw, k);
    if (operation == Operation::brightness) pixels.brightness(amount);
    if (operation == Operation::contrast) pixels.contrast(amount);
    if (operation == Operation::saturation) pixels.saturation(amount);
    if (operation == Operation::posterize) pixels.posterize(int(amount));
    if (operation == Operation::solarize) pixels.solarize(amount);
    if (operation == Operation::autocontrast) pixels.autocontrast();
    if (operation == Operation::equalize) pixels.equalize();
  }
  const ColorJitter& jitter = augmentation.color_jitter;
  if (!jitter.any()) return;
  const Philox4 bits = draw(Purpose::color_jitter);
  const auto factor = [](uint32_t bits, float most) {
    const float low = math::max(0.f, 1 - most);
    return low + (1 + most - low) * uniform(bits);
  };
  if (jitter.brightness > 0) pixels.brightness(factor(bits[0], jitter.brightness));
  if (jitter.contrast > 0) pixels.contrast(factor(bits[1], jitter.contrast));
  if (jitter.saturation > 0) pixels.saturation(factor(bits[2], jitter.saturation));
  if (jitter.hue > 0) pixels.hue((2 * uniform(bits[3]) - 1) * jitter.hue);
}

/// As gather_images_kernel, for augmentations that change values; target.workspace holds the images meanwhile.
template <int kThreads, int kChannels, class T>
__global__ void gather_changed_kernel(ImageSource source, Gathering gathering, BatchTarget<T> target) {
  using A = acc_t<T>;
  const int64_t i = blockIdx.x, sample = gathering.sample(i, target.size, source.count);
  const int64_t picture = gathering.picture(i, target.size, sample, source.ring);
  const SampleDraw draw = gathering.draw(sample);
  const Augmentation& augmentation = gathering.augmentation;
  const int height = source.height, width = source.width;
  const int64_t image_size = int64_t(height) * width * kChannels;
  if (thread_index<kThreads>() == 0) write_names(source, sample, target, i);

  const View view = draw_view(augmentation, draw);
  bool interpolates = false;
  const Affine map = draw_map(augmentation, draw, view, height, width, interpolates);
  const Looking<kChannels> input{source.images + picture * image_size, height, width,
                                 augmentation.border == Border::reflect};
  float* image = target.workspace + i * image_size;
  const float middle_h = float(height - 1) / 2, middle_w = float(width - 1) / 2;
  for (int h : warp_strided<kThreads>(height))
    for (int w : lane_strided<kThreads>(width)) {
      float* out = image + (h * width + w) * kChannels;
      const float y = float(h) - middle_h, x = float(w) - middle_w;
      if (interpolates)
        input.between(map.yx * x + map.yy * y + map.y0 + middle_h, map.xx * x + map.xy * y + map.x0 + middle_w, out);
      else
        input.whole(h + view.down, (view.mirrored ? width - 1 - w : w) + view.right, out);
    }
  if constexpr (kThreads > 1) __syncthreads();  // operations on colors share the pixels out anew
  change_colors(augmentation, draw, Pixels<kThreads, kChannels>(image, height * width));

  const Box cut = draw_cutout(augmentation.cutout, draw, height, width);
  T* images = target.images + i * image_size;  // may be `image`: each element is read, then written, by one thread
  for (int h : warp_strided<kThreads>(height))
    for (int w : lane_strided<kThreads>(width)) {
      const bool blank = h >= cut.top && h < cut.bottom && w >= cut.left && w < cut.right;
      for (int c = 0; c < kChannels; ++c) {
        const int j = (h * width + w) * kChannels + c;
        const A value = (A(image[j]) * A(1 / 255.0) - source.mean[c]) * source.inverse_std[c];
        images[j] = from_acc<T>(blank ? A(0) : value);
      }
    }
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
    constexpr int kChannels = decltype(channels)::value;
    if (!gathering.augmentation.changes_values())
      launch<kBlockThreads>(CUCURBIT_KERNEL(gather_images_kernel, kChannels, T), target.size, stream, source, gathering,
                            target);
    else if constexpr (kChannels != 0)
      launch<kBlockThreads>(CUCURBIT_KERNEL(gather_changed_kernel, kChannels, T), target.size, stream, source,
                            gathering, target);
    else
      throw Error(ErrorKind::usage, "[gather_batch] colours are changed in images of 1 or 3 channels only");
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

void batch_samples(const StepState& state, int64_t size, int64_t count, bool shuffle, int32_t* samples) {
  const Permutation permutation(state.seed, uint64_t(state.epoch), uint32_t(count));
  for (int64_t i = 0; i < size; ++i) {
    const auto place = uint32_t((state.epoch_micro_batch * size + i) % count);
    samples[i] = int32_t(shuffle ? permutation(place) : place);
  }
}

template <class T>
void gather_rows(const T* table, const int32_t* index, T* rows_out, int64_t rows, int64_t cols, cudaStream_t stream) {
  const int64_t per_block = cols < 1 || cols > kTile ? 1 : kTile / cols;
  launch<kBlockThreads>(CUCURBIT_KERNEL(gather_rows_kernel, T), cols == 0 ? 0 : blocks_for(rows, per_block), stream,
                        table, index, rows_out, rows, cols, int(per_block));
}

#define CUCURBIT_INSTANTIATE(T)                                                                                      \
  template void gather_batch(const ImageSource&, const StepState*, bool, const Augmentation&, const BatchTarget<T>&, \
                             cudaStream_t);                                                                          \
  template void gather_range(const ImageSource&, int64_t, const BatchTarget<T>&, cudaStream_t);                      \
  template void gather_rows(const T*, const int32_t*, T*, int64_t, int64_t, cudaStream_t);
CUCURBIT_INSTANTIATE(float)
CUCURBIT_INSTANTIATE(bf16)
CUCURBIT_INSTANTIATE(double)
#undef CUCURBIT_INSTANTIATE

}  // namespace cucurbit::kernels
