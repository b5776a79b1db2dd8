#pragma once

#include <algorithm>

#include "transform.h"

/// Divides maps [n, h, w, channels] into strips. A strip is one row of tiles, each of 4x4 results, that lie side by
/// side in one map: strip s is row s % tile_rows of map s / tile_rows.
namespace softgpu::convolve::winograd {

struct Maps {
  int64_t n, h, w, channels;
};

struct Strips {
  int64_t n, tile_rows, tile_cols;

  /// The strips of n result maps of size p x q.
  Strips(int64_t n, int64_t p, int64_t q)
      : n(n), tile_rows((p + kTile - 1) / kTile), tile_cols((q + kTile - 1) / kTile) {}
  int64_t count() const { return n * tile_rows; }
};

/// A convolution from `source` to `result`: the forward pass or the data gradient.
struct Problem {
  Maps source, result;
  int64_t pad_h, pad_w;
  Strips strips;

  Problem(const Maps& source, const Maps& result, int64_t pad_h, int64_t pad_w)
      : source(source), result(result), pad_h(pad_h), pad_w(pad_w), strips(result.n, result.h, result.w) {}
};

/// What transform_strip writes, in panels of channels: element i of the transform of tile t, for channel c of the panel
/// that begins at channel f, lies at [i * stride + f * tiles + t * panel + c]. With one panel of all channels, f is
/// always 0 and `tiles` is not needed.
struct Transformed {
  float* values;
  int64_t stride, panel, tiles = 0;
};

/// Number of elements of the buffer `rows` that transform_strip needs.
inline int64_t row_buffer(const Strips& strips, int64_t channels) {
  return kWindow * (kTile * strips.tile_cols + 2) * channels;
}

/// The vertical pass: in every column that the tiles of a strip read, transforms kInputs values, which begin `pad_h`
/// rows above the results, into the kWindow rows that transform_row reads. Values outside the maps count as zero.
template <int kInputs, auto kTransform, class T>
void transform_columns(const Maps& maps, const T* source, int64_t pad_h, int64_t pad_w, const Strips& strips,
                       int64_t strip, float* rows) {
  const int64_t channels = maps.channels, columns = kTile * strips.tile_cols + kInputs - kTile;
  const int64_t row_stride = columns * channels, map_row = maps.w * channels;
  const int64_t h0 = strip % strips.tile_rows * kTile - pad_h;
  const int64_t begin = std::min(pad_w, columns), end = std::min(maps.w + pad_w, columns);
  const T* const from = source + (strip / strips.tile_rows * maps.h + h0) * map_row - begin * channels;
  const auto transform = [&](auto is_inside) {
    for (int64_t at = begin * channels; at < end * channels; at += kLanes) {
      Window d;
#pragma GCC unroll 6
      for (int i = 0; i < kInputs; ++i) d[i] = is_inside(i) ? load(from + i * map_row + at) : Vec{};
      kTransform(d);
#pragma GCC unroll 6
      for (int i = 0; i < kWindow; ++i) store(rows + i * row_stride + at, d[i]);
    }
  };
  if (h0 >= 0 && h0 + kInputs <= maps.h)
    transform([](int) { return true; });
  else
    transform([&](int i) { return h0 + i >= 0 && h0 + i < maps.h; });
  for (int i = 0; i < kWindow; ++i) {
    std::fill_n(rows + i * row_stride, begin * channels, 0.0f);
    std::fill_n(rows + i * row_stride + end * channels, (columns - end) * channels, 0.0f);
  }
}

/// The horizontal pass over row i: elements 6 i to 6 i + 5 of the transforms of all tiles of a strip. The tiles are
/// stored in `into` from first_tile on.
template <int kInputs, auto kTransform>
void transform_row(const float* rows, int i, int64_t channels, const Strips& strips, Transformed into,
                   int64_t first_tile) {
  const int64_t columns = kTile * strips.tile_cols + kInputs - kTile;
  for (int64_t tile = 0; tile < strips.tile_cols; ++tile) {
    const float* const from = rows + (i * columns + tile * kTile) * channels;
    float* const to = into.values + i * kWindow * into.stride + (first_tile + tile) * into.panel;
    for (int64_t panel = 0; panel < channels; panel += into.panel) {
      for (int64_t c = 0; c < into.panel; c += kLanes) {
        Window d;
#pragma GCC unroll 6
        for (int j = 0; j < kInputs; ++j) d[j] = load(from + j * channels + panel + c);
        kTransform(d);
#pragma GCC unroll 6
        for (int j = 0; j < kWindow; ++j) store(to + j * into.stride + panel * into.tiles + c, d[j]);
      }
    }
  }
}

/// Both passes over a strip. The vertical one comes first because tiles side by side share columns.
template <int kInputs, auto kTransform, class T>
void transform_strip(const Maps& maps, const T* source, int64_t pad_h, int64_t pad_w, const Strips& strips,
                     int64_t strip, float* rows, Transformed into, int64_t first_tile) {
  transform_columns<kInputs, kTransform>(maps, source, pad_h, pad_w, strips, strip, rows);
  for (int i = 0; i < kWindow; ++i)
    transform_row<kInputs, kTransform>(rows, i, maps.channels, strips, into, first_tile);
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
