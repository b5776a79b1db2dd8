#pragma once

#include "kernels/conv.h"
#include "kernels/device/fast_divmod.cuh"
#include "kernels/device/math.cuh"
#include "kernels/device/tile.cuh"

/// How the implicit-GEMM convolutions see their tensors as matrices that are never written down.
namespace cucurbit {

/// Divisions by the sizes of a convolution, within one group.
struct ConvDivisors {
  FastDivmod p_by_q, q;    // output pixel -> n, p, q
  FastDivmod h_by_w, w;    // input pixel -> n, h, w
  FastDivmod channels, s;  // (r, s, c) -> r, s, c
  FastDivmod outputs;      // (r, s, k) -> r, s, k
  FastDivmod stride_h, stride_w;

  explicit ConvDivisors(const kernels::ConvShape& shape)
      : p_by_q(shape.p * shape.q),
        q(shape.q),
        h_by_w(shape.h * shape.w),
        w(shape.w),
        channels(shape.c / shape.groups),
        s(shape.s),
        outputs(shape.k / shape.groups),
        stride_h(shape.stride_h),
        stride_w(shape.stride_w) {}
};

/// The input as a matrix [output pixel, (r, s, c)]: what each output pixel reads, zero outside of the image.
template <class T>
struct InputPatches {
  const T* x;  // first channel of the group
  kernels::ConvShape shape;
  ConvDivisors by;

  struct Pixel {
    const T* image;
    int h, w;  // where the filter's corner lies
  };
  __device__ Pixel pixel(int index) const {
    int rest, q;  // index = (n P + p) Q + q
    const int n = by.p_by_q.quotient(index, rest), p = by.q.quotient(rest, q);
    return {x + int64_t(n) * shape.h * shape.w * shape.c, p * shape.stride_h - shape.pad_h,
            q * shape.stride_w - shape.pad_w};
  }
  __device__ Span<T> span(const Pixel& pixel, int rsc) const {
    int c, s;  // rsc = (r S + s) C + c, with C the channels of a group
    const int r = by.s.quotient(by.channels.quotient(rsc, c), s);
    const int h = pixel.h + r * shape.dilation_h, w = pixel.w + s * shape.dilation_w;
    const bool inside = unsigned(h) < unsigned(shape.h) && unsigned(w) < unsigned(shape.w);
    if (!inside) return {nullptr, by.channels.divisor() - c};
    // Without gaps the filter offsets of a row are neighbours in memory as well.
    const int offsets = shape.groups > 1 || shape.dilation_w > 1 ? 1 : math::min(shape.s - s, shape.w - w);
    return {pixel.image + (int64_t(h) * shape.w + w) * shape.c + c, offsets * by.channels.divisor() - c};
  }
};

/// The output's gradient as a matrix [input pixel, (r, s, k)]: what reaches each input pixel, zero where nothing does.
template <class T>
struct CotangentPatches {
  const T* dy;  // first channel of the group
  kernels::ConvShape shape;
  ConvDivisors by;

  struct Pixel {
    const T* image;
    int h, w;  // with padding
  };
  __device__ Pixel pixel(int index) const {
    int rest, w;  // index = (n H + h) W + w
    const int n = by.h_by_w.quotient(index, rest), h = by.w.quotient(rest, w);
    return {dy + int64_t(n) * shape.p * shape.q * shape.k, h + shape.pad_h, w + shape.pad_w};
  }
  __device__ Span<T> span(const Pixel& pixel, int rsk) const {
    int k, s, off_h, off_w;
    const int r = by.s.quotient(by.outputs.quotient(rsk, k), s);
    const int h = pixel.h - r * shape.dilation_h, w = pixel.w - s * shape.dilation_w;
    const int p = by.stride_h.quotient(h < 0 ? 0 : h, off_h), q = by.stride_w.quotient(w < 0 ? 0 : w, off_w);
    const bool read = h >= 0 && w >= 0 && off_h == 0 && off_w == 0 && p < shape.p && q < shape.q;
    return {read ? pixel.image + (int64_t(p) * shape.q + q) * shape.k + k : nullptr, by.outputs.divisor() - k};
  }
};

/// A window of patches that begins at (first pixel, first column).
template <class Patches>
struct PatchRows {
  const Patches& patches;
  int first, column;
  __device__ auto row(int i) const { return patches.pixel(first + i); }
  __device__ auto span(const typename Patches::Pixel& pixel, int j) const { return patches.span(pixel, column + j); }
};

/// Patches as operand A: a row a pixel, summed over what the pixel reads.
template <class Patches>
struct PatchesByPixel {
  static constexpr bool k_adjacent = true;
  Patches patches;
  template <int kThreads, class Place, int kOuter, int kK, class A>
  __device__ void stage_slice(int64_t outer, int outer_live, int64_t k, int k_live, A* slice) const {
    stage<kThreads, Place, kOuter, kK>(PatchRows<Patches>{patches, int(outer), int(k)}, outer_live, k_live, slice);
  }
};

/// Patches as operand B: summed over the pixels.
template <class Patches>
struct PatchesOverPixels {
  Patches patches;
  template <int kThreads, class Place, int kOuter, int kK, class A>
  __device__ void stage_slice(int64_t outer, int outer_live, int64_t k, int k_live, A* slice) const {
    stage<kThreads, Swapped<Place>, kK, kOuter>(PatchRows<Patches>{patches, int(k), int(outer)}, k_live, outer_live,
                                                slice);
  }
};

/// The filter as operand B of the data gradient, [(r, s, k), c]: rows are runs of channels.
template <class T>
struct FilterByOffset {
  const T* w;           // first filter of the group
  int64_t filter_size;  // R S C
  int channels;
  FastDivmod outputs;

  struct Rows {
    const FilterByOffset& filter;
    int first, column;
    __device__ const T* row(int i) const {
      int k;
      const int offset = filter.outputs.quotient(first + i, k);
      return filter.w + k * filter.filter_size + int64_t(offset) * filter.channels + column;
    }
    __device__ Span<T> span(const T* row, int j) const { return {row + j, INT32_MAX}; }
  };
  template <int kThreads, class Place, int kOuter, int kK, class A>
  __device__ void stage_slice(int64_t outer, int outer_live, int64_t k, int k_live, A* slice) const {
    stage<kThreads, Swapped<Place>, kK, kOuter>(Rows{*this, int(k), int(outer)}, k_live, outer_live, slice);
  }
};

}  // namespace cucurbit
