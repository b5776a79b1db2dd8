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

/// A convolution of `source` to `result`: forward, or its data gradient.
struct Problem {
  Maps source, result;
  int64_t pad_h, pad_w;
  Strips strips;

  Problem(const Maps& source, const Maps& result, int64_t pad_h, int64_t pad_w)
      : source(source), result(result), pad_h(pad_h), pad_w(pad_w), strips(result.n, result.h, result.w) {}
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

/// The kTaps values from -pad on, down every column that the tiles of a strip see, transformed into the rows that
/// transform_row reads; zero outside of the maps.
template <int kTaps, auto kTransform, class T>
void transform_columns(const Maps& maps, const T* source, int64_t pad_h, int64_t pad_w, const Strips& strips,
                       int64_t strip, float* rows) {
  const int64_t channels = maps.channels, columns = kTile * strips.tile_cols + kTaps - kTile;
  const int64_t row_stride = columns * channels, map_row = maps.w * channels;
  const int64_t h0 = strip % strips.tile_rows * kTile - pad_h;
  const int64_t begin = std::min(pad_w, columns), end = std::min(maps.w + pad_w, columns);
  const T* const from = source + (strip / strips.tile_rows * maps.h + h0) * map_row - begin * channels;
  const auto transform = [&](auto is_inside) {
    for (int64_t at = begin * channels; at < end * channels; at += kLanes) {
      Window d;
#pragma GCC unroll 6
      for (int i = 0; i < kTaps; ++i) d[i] = is_inside(i) ? load(from + i * map_row + at) : Vec{};
      kTransform(d);
#pragma GCC unroll 6
      for (int i = 0; i < kWindow; ++i) store(rows + i * row_stride + at, d[i]);
    }
  };
  if (h0 >= 0 && h0 + kTaps <= maps.h)
    transform([](int) { return true; });
  else
    transform([&](int i) { return h0 + i >= 0 && h0 + i < maps.h; });
  for (int i = 0; i < kWindow; ++i) {
    std::fill_n(rows + i * row_stride, begin * channels, 0.0f);
    std::fill_n(rows + i * row_stride + end * channels, (columns - end) * channels, 0.0f);
  }
}

/// Products 6 i to 6 i + 5 of the tiles of a strip. Tiles begin at first_tile of `into`.
template <int kTaps, auto kTransform>
void transform_row(const float* rows, int i, int64_t channels, const Strips& strips, Transformed into,
                   int64_t first_tile) {
  const int64_t columns = kTile * strips.tile_cols + kTaps - kTile;
  for (int64_t tile = 0; tile < strips.tile_cols; ++tile) {
    const float* const from = rows + (i * columns + tile * kTile) * channels;
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

/// All products of a strip. Columns come first, since tiles side by side share them.
template <int kTaps, auto kTransform, class T>
void transform_strip(const Maps& maps, const T* source, int64_t pad_h, int64_t pad_w, const Strips& strips,
                     int64_t strip, float* rows, Transformed into, int64_t first_tile) {
  transform_columns<kTaps, kTransform>(maps, source, pad_h, pad_w, strips, strip, rows);
  for (int i = 0; i < kWindow; ++i) transform_row<kTaps, kTransform>(rows, i, maps.channels, strips, into, first_tile);
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
