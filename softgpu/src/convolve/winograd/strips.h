#pragma once

#include <algorithm>

#include "transform.h"

/// Maps [n, h, w, channels] cut into strips: the tiles of 4x4 results that lie side by side. Strip s is row
/// s % tile_rows of tiles in map s / tile_rows.
namespace softgpu::convolve::winograd {

struct Maps {
  int64_t n, h, w, channels;
};

struct Strips {
  int64_t n, tile_rows, tile_cols;

  /// Of result maps n x p x q.
  Strips(int64_t n, int64_t p, int64_t q)
      : n(n), tile_rows((p + kTile - 1) / kTile), tile_cols((q + kTile - 1) / kTile) {}
  int64_t count() const { return n * tile_rows; }
};

/// What transform_strip writes, in panels of channels: product i of tile t and channel c of the panel that begins at f
/// at [i * stride + f * tiles + t * panel + c]. One panel of all channels needs no `tiles`.
struct Transformed {
  float* values;
  int64_t stride, panel, tiles = 0;
};

/// Elements that transform_strip needs as `rows`.
inline int64_t row_buffer(const Strips& strips, int64_t channels) {
  return kWindow * (kTile * strips.tile_cols + 2) * channels;
}

/// The kTaps values from -pad on, on either axis, of every tile of a strip, transformed; zero outside of the maps.
/// Tiles begin at first_tile of `into`. The vertical transform comes first, since tiles side by side share columns.
template <int kTaps, auto kTransform, class T>
void transform_strip(const Maps& maps, const T* source, int64_t pad_h, int64_t pad_w, const Strips& strips,
                     int64_t strip, float* rows, Transformed into, int64_t first_tile) {
  const int64_t channels = maps.channels, columns = kTile * strips.tile_cols + kTaps - kTile;
  const int64_t row_stride = columns * channels;
  const int64_t image = strip / strips.tile_rows, first_row = strip % strips.tile_rows * kTile - pad_h;
  const T* row[kTaps];
  for (int i = 0; i < kTaps; ++i) {
    const int64_t h = first_row + i;
    row[i] = h >= 0 && h < maps.h ? source + (image * maps.h + h) * maps.w * channels : nullptr;
  }
  for (int64_t column = 0; column < columns; ++column) {
    const int64_t w = column - pad_w;
    float* const out = rows + column * channels;
    if (w < 0 || w >= maps.w) {
#pragma GCC unroll 6
      for (int i = 0; i < kWindow; ++i) std::fill_n(out + i * row_stride, channels, 0.0f);
      continue;
    }
    for (int64_t c = 0; c < channels; c += kLanes) {
      Window d;
#pragma GCC unroll 6
      for (int i = 0; i < kTaps; ++i) d[i] = row[i] ? load(row[i] + w * channels + c) : Vec{};
      kTransform(d);
#pragma GCC unroll 6
      for (int i = 0; i < kWindow; ++i) store(out + i * row_stride + c, d[i]);
    }
  }
  for (int64_t tile = 0; tile < strips.tile_cols; ++tile) {
    for (int i = 0; i < kWindow; ++i) {
      const float* const from = rows + i * row_stride + tile * kTile * channels;
      float* const to = into.values + i * kWindow * into.stride + (first_tile + tile) * into.panel;
      for (int64_t panel = 0; panel < channels; panel += into.panel) {
        for (int64_t c = 0; c < into.panel; c += kLanes) {
          Window d;
#pragma GCC unroll 6
          for (int j = 0; j < kTaps; ++j) d[j] = load(from + j * channels + panel + c);
          kTransform(d);
#pragma GCC unroll 6
          for (int j = 0; j < kWindow; ++j) store(to + j * into.stride + panel * into.tiles + c, d[j]);
        }
      }
    }
  }
}

template <class T>
void transform_sample_strip(const Maps& maps, const T* source, int64_t pad_h, int64_t pad_w, const Strips& strips,
                            int64_t strip, float* rows, Transformed into, int64_t first_tile) {
  transform_strip<kWindow, transform_samples>(maps, source, pad_h, pad_w, strips, strip, rows, into, first_tile);
}

template <class T>
void transform_cotangent_strip(const Maps& maps, const T* source, const Strips& strips, int64_t strip, float* rows,
                               Transformed into, int64_t first_tile) {
  transform_strip<kTile, transform_cotangents>(maps, source, 0, 0, strips, strip, rows, into, first_tile);
}

}  // namespace softgpu::convolve::winograd
