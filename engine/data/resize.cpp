#include "engine/data/resize.h"

#include <algorithm>
#include <cmath>

namespace cucurbit {
namespace {

/// For the outputs `offset` .. `offset + count` of an axis scaled from `in` to `out`: the first input of each, and the
/// weights of its inputs, `support` of them per output, zero beyond its own.
struct Axis {
  int64_t support = 0;
  std::vector<int64_t> first;
  std::vector<float> weights;

  Axis(int64_t in, int64_t out, int64_t offset, int64_t count) {
    const double scale = double(in) / double(out), reach = std::max(scale, 1.0);
    support = std::min<int64_t>(in, 2 * int64_t(std::ceil(reach)) + 1);
    weights.assign(size_t(count * support), 0.f);
    for (int64_t i = 0; i < count; ++i) {
      const double center = scale * (double(offset + i) + 0.5);
      const int64_t begin = std::max<int64_t>(int64_t(center - reach + 0.5), 0);
      const int64_t end = std::min(int64_t(center + reach + 0.5), in);
      const int64_t start = std::min(begin, in - support);  // so that all inputs lie inside
      float* const own = weights.data() + i * support - start;
      double sum = 0;
      for (int64_t j = begin; j < end; ++j) sum += weight(j, center, reach);
      for (int64_t j = begin; j < end; ++j) own[j] = float(weight(j, center, reach) / sum);
      first.push_back(start);
    }
  }

  static double weight(int64_t j, double center, double reach) {
    return std::max(0.0, 1 - std::abs(double(j) + 0.5 - center) / reach);
  }
};

/// row[x] = sum_t weights[t] image[first + t, x]; columns are `count` values from `begin` on.
void mix_rows(const uint8_t* image, int64_t pitch, int64_t begin, int64_t count, const float* weights, int64_t support,
              float* row) {
  std::fill_n(row, count, 0.f);
  for (int64_t t = 0; t < support; ++t) {
    if (weights[t] == 0) continue;
    const uint8_t* const from = image + t * pitch + begin;
    const float weight = weights[t];
#pragma omp simd
    for (int64_t x = 0; x < count; ++x) row[x] += weight * float(from[x]);
  }
}

/// out[i] = sum_t weights[i, t] row[first[i] + t], channel by channel, rounded; `row` begins at pixel `begin`.
void mix_columns(const float* row, const Axis& axis, int64_t begin, int64_t channels, uint8_t* out) {
  for (size_t i = 0; i < axis.first.size(); ++i) {
    const float* const weights = axis.weights.data() + int64_t(i) * axis.support;
    for (int64_t c = 0; c < channels; ++c) {
      const float* const from = row + (axis.first[i] - begin) * channels + c;
      float sum = 0.5f;
      for (int64_t t = 0; t < axis.support; ++t) sum += weights[t] * from[t * channels];
      *out++ = uint8_t(sum);
    }
  }
}

/// The offset of the cut, rounded as Python's round: half to even.
int64_t centre_offset(int64_t length, int64_t size) { return int64_t(std::nearbyint(double(length - size) / 2)); }

}  // namespace

void resize_image(std::span<const uint8_t> image, int64_t height, int64_t width, int64_t channels, ResizeMode mode,
                  int64_t size, std::span<uint8_t> out) {
  int64_t tall = size, wide = size;
  if (mode == ResizeMode::crop)
    (height < width ? wide : tall) = size * std::max(height, width) / std::min(height, width);
  const Axis rows(height, tall, centre_offset(tall, size), size), columns(width, wide, centre_offset(wide, size), size);
  const int64_t begin = columns.first.front();
  const int64_t count = columns.first.back() + columns.support - begin;
  std::vector<float> row(size_t(count * channels));
  for (int64_t i = 0; i < size; ++i) {
    mix_rows(image.data() + rows.first[i] * width * channels, width * channels, begin * channels, count * channels,
             rows.weights.data() + i * rows.support, rows.support, row.data());
    mix_columns(row.data(), columns, begin, channels, out.data() + i * size * channels);
  }
}

}  // namespace cucurbit
