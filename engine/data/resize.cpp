#include "engine/data/resize.h"

#include <algorithm>
#include <cmath>

namespace cucurbit {
namespace {

/// For outputs `offset` .. `offset + count` of an axis scaled from `in` to `out`: the first input of each and the
/// weights of its inputs, `taps` to each, zero past its own.
struct Axis {
  std::int64_t taps = 0;
  std::vector<std::int64_t> first;
  std::vector<float> weights;

  Axis(std::int64_t in, std::int64_t out, std::int64_t offset, std::int64_t count) {
    const double scale = double(in) / double(out), reach = std::max(scale, 1.0);
    taps = std::min<std::int64_t>(in, 2 * std::int64_t(std::ceil(reach)) + 1);
    weights.assign(std::size_t(count * taps), 0.f);
    for (std::int64_t i = 0; i < count; ++i) {
      const double center = scale * (double(offset + i) + 0.5);
      const std::int64_t begin = std::max<std::int64_t>(std::int64_t(center - reach + 0.5), 0);
      const std::int64_t end = std::min(std::int64_t(center + reach + 0.5), in);
      const std::int64_t start = std::min(begin, in - taps);  // so that all taps lie inside
      float* const own = weights.data() + i * taps - start;
      double sum = 0;
      for (std::int64_t j = begin; j < end; ++j) sum += weight(j, center, reach);
      for (std::int64_t j = begin; j < end; ++j) own[j] = float(weight(j, center, reach) / sum);
      first.push_back(start);
    }
  }

  static double weight(std::int64_t j, double center, double reach) {
    return std::max(0.0, 1 - std::abs(double(j) + 0.5 - center) / reach);
  }
};

/// row[x] = sum_t weights[t] image[first + t, x]; columns are `count` values from `begin` on.
void mix_rows(const std::uint8_t* image, std::int64_t pitch, std::int64_t begin, std::int64_t count,
              const float* weights, std::int64_t taps, float* row) {
  std::fill_n(row, count, 0.f);
  for (std::int64_t t = 0; t < taps; ++t) {
    if (weights[t] == 0) continue;
    const std::uint8_t* const from = image + t * pitch + begin;
    const float weight = weights[t];
#pragma omp simd
    for (std::int64_t x = 0; x < count; ++x) row[x] += weight * float(from[x]);
  }
}

/// out[i] = sum_t weights[i, t] row[first[i] + t], channel by channel, rounded; `row` begins at pixel `begin`.
void mix_columns(const float* row, const Axis& axis, std::int64_t begin, std::int64_t channels, std::uint8_t* out) {
  for (std::size_t i = 0; i < axis.first.size(); ++i) {
    const float* const weights = axis.weights.data() + std::int64_t(i) * axis.taps;
    for (std::int64_t c = 0; c < channels; ++c) {
      const float* const from = row + (axis.first[i] - begin) * channels + c;
      float sum = 0.5f;
      for (std::int64_t t = 0; t < axis.taps; ++t) sum += weights[t] * from[t * channels];
      *out++ = std::uint8_t(sum);
    }
  }
}

/// The offset of the cut, rounded as Python's round: half to even.
std::int64_t centre_offset(std::int64_t length, std::int64_t size) {
  return std::int64_t(std::nearbyint(double(length - size) / 2));
}

}  // namespace

void resize_image(std::span<const std::uint8_t> image, std::int64_t height, std::int64_t width, std::int64_t channels,
                  ResizeMode mode, std::int64_t size, std::span<std::uint8_t> out) {
  std::int64_t tall = size, wide = size;
  if (mode == ResizeMode::crop)
    (height < width ? wide : tall) = size * std::max(height, width) / std::min(height, width);
  const Axis rows(height, tall, centre_offset(tall, size), size), columns(width, wide, centre_offset(wide, size), size);
  const std::int64_t begin = columns.first.front();
  const std::int64_t count = columns.first.back() + columns.taps - begin;
  std::vector<float> row(std::size_t(count * channels));
  for (std::int64_t i = 0; i < size; ++i) {
    mix_rows(image.data() + rows.first[std::size_t(i)] * width * channels, width * channels, begin * channels,
             count * channels, rows.weights.data() + i * rows.taps, rows.taps, row.data());
    mix_columns(row.data(), columns, begin, channels, out.data() + i * size * channels);
  }
}

}  // namespace cucurbit
