#pragma once

#include "kernels/device/reduce.cuh"
#include "kernels/device/vector.cuh"

/// What is done to the colours of an image that a block of threads holds as floats.
namespace cucurbit::kernels {

/// An image of kChannels channels, 1 or 3, with values from 0 to 255 that stay in this range and are not rounded
/// between operations. All threads of the block call every operation; each ends with a barrier.
///
/// brightness, contrast, saturation and hue are torchvision's adjust_... of floating-point images, autocontrast is too;
/// solarize, posterize and equalize are those of PIL.ImageOps where all values are whole numbers.
template <int kThreads, int kChannels>
class Pixels {
  static_assert(kChannels == 1 || kChannels == 3);

 public:
  /// `values` [count, kChannels]; count >= 1.
  __device__ __forceinline__ Pixels(float* values, int count) : values_(values), count_(count) {}

  /// v = factor v
  __device__ __forceinline__ void brightness(float factor) {
    each([=](float v) { return clamped(v * factor); });
  }

  /// v = factor v + (1 - factor) mean, where the mean is that of the whole image's gray.
  __device__ __forceinline__ void contrast(float factor) {
    const float sum = block_sum<kThreads>(loop_sum<float>(strided<kThreads>(count_), [&](int p) { return gray(p); }));
    const float rest = (1 - factor) * (sum / float(count_));
    each([=](float v) { return clamped(v * factor + rest); });
  }

  /// v = factor v + (1 - factor) gray of the same pixel.
  __device__ __forceinline__ void saturation(float factor) {
    if constexpr (kChannels == 3) {
      for_each(strided<kThreads>(count_), [&](int p) {
        const float rest = (1 - factor) * gray(p);
        float* v = values_ + 3 * p;
        for (int c = 0; c < 3; ++c) v[c] = clamped(v[c] * factor + rest);
      });
      barrier();
    }
  }

  /// Turns the hue by `turn` of the whole circle, value and saturation being kept. Each channel is the value less a
  /// share of the chroma that depends on the hue alone.
  __device__ __forceinline__ void hue(float turn) {
    if constexpr (kChannels == 3) {
      for_each(strided<kThreads>(count_), [&](int p) {
        float* v = values_ + 3 * p;
        const float r = v[0], g = v[1], b = v[2];
        const float largest = math::max(r, math::max(g, b)), chroma = largest - math::min(r, math::min(g, b));
        const float inverse = chroma > 0 ? 1 / chroma : 0.f;
        const float sixths = (largest == r   ? (g - b) * inverse
                              : largest == g ? (b - r) * inverse + 2
                                             : (r - g) * inverse + 4) +
                             6 * turn;
        v[0] = largest - chroma * missing_share(sixths + 5);
        v[1] = largest - chroma * missing_share(sixths + 3);
        v[2] = largest - chroma * missing_share(sixths + 1);
      });
      barrier();
    }
  }

  /// Keeps the upper `bits` bits of each value, 1 to 8.
  __device__ __forceinline__ void posterize(int bits) {
    const int mask = 0xff00 >> bits & 0xff;
    each([=](float v) { return float(rounded(v) & mask); });
  }

  /// Inverts values of at least `threshold`.
  __device__ __forceinline__ void solarize(float threshold) {
    each([=](float v) { return v >= threshold ? 255 - v : v; });
  }

  /// Stretches each channel so that it begins at 0 and ends at 255.
  __device__ __forceinline__ void autocontrast() {
    for (int c = 0; c < kChannels; ++c) {
      const auto mine = strided<kThreads>(count_);
      const float high = block_max<kThreads>(loop_max<float>(mine, [&](int p) { return values_[p * kChannels + c]; }));
      const float low = -block_max<kThreads>(loop_max<float>(mine, [&](int p) { return -values_[p * kChannels + c]; }));
      if (!(high > low)) continue;
      const float scale = 255 / (high - low);
      for_each(mine, [&](int p) {
        float& v = values_[p * kChannels + c];
        v = clamped((v - low) * scale);
      });
    }
    barrier();
  }

  /// Spreads the values of each channel so that all are about equally frequent.
  __device__ __forceinline__ void equalize() {
    __shared__ int histogram[256];
    __shared__ float level[256];
    for (int c = 0; c < kChannels; ++c) {
      for (int b : strided<kThreads>(256)) histogram[b] = 0;
      barrier();  // all bins are 0 before anybody counts
      for (int p : strided<kThreads>(count_)) {
        int& bin = histogram[rounded(values_[p * kChannels + c])];
        if constexpr (kThreads == 1)
          ++bin;
        else
          atomicAdd(&bin, 1);
      }
      barrier();  // all pixels are counted
      if (thread_index<kThreads>() == 0) equal_levels(histogram, level);
      barrier();  // the levels are there, and the histogram may be cleared for the next channel
      for (int p : strided<kThreads>(count_)) {
        float& v = values_[p * kChannels + c];
        v = level[rounded(v)];
      }
      barrier();  // the levels are read before those of the next channel are written
    }
  }

 private:
  /// Ends an operation or a part of one: the next one reads pixels and tables that other threads wrote.
  static __device__ __forceinline__ void barrier() {
    if constexpr (kThreads > 1) __syncthreads();  // one thread has nobody to wait for
  }
  static __device__ __forceinline__ float clamped(float v) { return math::min(math::max(v, 0.f), 255.f); }
  static __device__ __forceinline__ int rounded(float v) { return int(v + 0.5f); }

  template <class F>
  __device__ __forceinline__ void each(F f) {
    for_each(strided<kThreads>(count_ * kChannels), [&](int j) { values_[j] = f(values_[j]); });
    barrier();
  }

  /// Luma of ITU-R BT.601, as torchvision's rgb_to_grayscale weighs it.
  __device__ __forceinline__ float gray(int p) const {
    const float* v = values_ + p * kChannels;
    if constexpr (kChannels == 1)
      return v[0];
    else
      return 0.2989f * v[0] + 0.587f * v[1] + 0.114f * v[2];
  }

  /// The share of the chroma that a channel lacks at a hue of so many sixths of a turn, counted from where it is
  /// smallest less one: 0 at first and from 4 to 6, 1 from 1 to 3, linear between.
  static __device__ __forceinline__ float missing_share(float sixths) {
    const float k = sixths - 6 * floorf(sixths / 6), falling = 4 - k;
    return math::max(0.f, math::min(math::min(k, falling), 1.f));
  }

  static __device__ __forceinline__ void equal_levels(const int* histogram, float* level) {
    int total = 0, last = 0;
    for (int b = 0; b < 256; ++b) {
      total += histogram[b];
      last = histogram[b] > 0 ? histogram[b] : last;
    }
    const int step = (total - last) / 255;
    int before = step / 2;
    for (int b = 0; b < 256; ++b) {
      const int value = step == 0 ? b : before / step;
      level[b] = float(value < 255 ? value : 255);
      before += histogram[b];
    }
  }

  float* values_;
  int count_;
};

}  // namespace cucurbit::kernels
