#pragma once

#include <omp.h>

#include "convolve/multiply.h"
#include "filters.h"
#include "results.h"

/// The order of work for few tiles and many channels, where the transformed filters would exceed the caches many times
/// over. The samples of all tiles are transformed once and kept. Each thread then takes a few output channels at a
/// time, transforms their filters into its own caches, multiplies, and discards them.
namespace softgpu::convolve::winograd {

struct ByChannels : Problem {
  int64_t tiles, rows;       // tiles of all maps, and that number rounded up as multiply() needs it
  int64_t outs, tiles_each;  // output channels and tiles that are multiplied at a time

  explicit ByChannels(const Problem& problem) : Problem(problem) {
    constexpr int64_t kTilesEach = 128;
    tiles = strips.count() * strips.tile_cols;
    rows = (tiles + kRowMultiple - 1) / kRowMultiple * kRowMultiple;
    tiles_each = std::min(rows, kTilesEach);
    outs = result.channels % 32 == 0 ? 32 : 16;
  }

  bool pays() const {
    constexpr int64_t kManyFilters = 128 * 128;
    return tiles <= result.channels && source.channels * result.channels >= kManyFilters;
  }
  // None of these is a multiple of a page, for the reason that product_stride gives.
  int64_t sample_stride() const { return rows * source.channels + 16; }
  int64_t filter_stride() const { return source.channels * outs + 16; }
  int64_t result_stride() const { return tiles_each * outs + 16; }
  int64_t sample_elements() const { return kProducts * sample_stride(); }
  /// A thread's buffer is used first for transforming samples, then for filters and results.
  int64_t thread_elements() const {
    return std::max(row_buffer(strips, source.channels), kProducts * (filter_stride() + result_stride()));
  }
  size_t workspace() const {
    return sizeof(float) * static_cast<size_t>(sample_elements() + omp_get_max_threads() * thread_elements());
  }
};

/// Computes output channels [out, out + outs) of all tiles.
template <class T, class Filter>
void convolve_channels(const ByChannels& p, const float* samples, const Filter& filter, int64_t out,
                       const Scaling<T>& scaling, T* result, float* filters) {
  const int64_t in = p.source.channels;
  float* const products = filters + kProducts * p.filter_stride();
  for (int64_t i = 0; i < in; i += kLanes)
    for (int64_t o = 0; o < p.outs; o += kLanes)
      transform_filters(filter, i, out + o, filters + i * p.outs + o, p.filter_stride(), p.outs);
  for (int64_t first = 0; first < p.rows; first += p.tiles_each) {
    const int64_t rows = std::min(p.tiles_each, p.rows - first);
    for (int i = 0; i < kProducts; ++i)
      multiply(samples + i * p.sample_stride() + first * in, filters + i * p.filter_stride(),
               products + i * p.result_stride(), rows, in, p.outs);
    for (int64_t tile = first; tile < std::min(first + rows, p.tiles); ++tile)
      store_tile(products + (tile - first) * p.outs, p.result_stride(), p.result, p.strips, tile / p.strips.tile_cols,
                 tile % p.strips.tile_cols, out, p.outs, scaling, result);
  }
}

template <class T, class Filter>
void convolve(const ByChannels& p, const T* source, const Filter& filter, const Scaling<T>& scaling, T* result,
              void* workspace) {
  float* const samples = static_cast<float*>(workspace);
#pragma omp parallel
  {
    float* const own = samples + p.sample_elements() + omp_get_thread_num() * p.thread_elements();
#pragma omp for schedule(static)
    for (int64_t strip = 0; strip < p.strips.count(); ++strip)
      transform_sample_strip(p.source, source, p.pad_h, p.pad_w, p.strips, strip, own,
                             {samples, p.sample_stride(), p.source.channels}, strip * p.strips.tile_cols);
#pragma omp for schedule(static)
    for (int64_t out = 0; out < p.result.channels; out += p.outs)
      convolve_channels(p, samples, filter, out, scaling, result, own);
  }
}

}  // namespace softgpu::convolve::winograd
