#pragma once

#include <algorithm>

#include "convolve/scaling.h"
#include "strips.h"

namespace softgpu::convolve::winograd {

/// Stores channels [first, first + count) of the results of one tile. Product i of a channel lies at
/// products[i * stride + channel - first]. `scaling` is passed by value: with a reference the compiler would have to
/// reload it after every store.
template <class T>
void store_tile(const float* products, int64_t stride, const Maps& maps, const Strips& strips, int64_t strip,
                int64_t tile, int64_t first, int64_t count, Scaling<T> scaling, T* result) {
  const int64_t image = strip / strips.tile_rows, h0 = strip % strips.tile_rows * kTile, w0 = tile * kTile;
  const bool plain = scaling.is_plain();
  const int64_t height = std::min<int64_t>(kTile, maps.h - h0), width = std::min<int64_t>(kTile, maps.w - w0);
  for (int64_t c = 0; c < count; c += kLanes) {
    Window columns[kWindow];
#pragma GCC unroll 6
    for (int j = 0; j < kWindow; ++j) {
#pragma GCC unroll 6
      for (int i = 0; i < kWindow; ++i) columns[j][i] = load(products + (i * kWindow + j) * stride + c);
      transform_results(columns[j]);
    }
    for (int64_t i = 0; i < height; ++i) {
      Window row;
#pragma GCC unroll 6
      for (int j = 0; j < kWindow; ++j) row[j] = columns[j][i];
      transform_results(row);
      const int64_t at = ((image * maps.h + h0 + i) * maps.w + w0) * maps.channels + first + c;
      if (width == kTile && plain) {
#pragma GCC unroll 6
        for (int64_t j = 0; j < kTile; ++j) store(result + at + j * maps.channels, row[j]);
        continue;
      }
      for (int64_t j = 0; j < width; ++j)
        store(result + at + j * maps.channels, scaled(row[j], scaling, at + j * maps.channels, first + c));
    }
  }
}

}  // namespace softgpu::convolve::winograd
