#pragma once

// What augmentations mean: plain loops over pictures in double precision, without a line of the code under test.

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kernels/gather_fixture.h"

namespace cucurbit {

/// Bytes from 40 to 199, so that every operation shows.
inline TestSet muted_set(int64_t count, int height, int width, int channels) {
  TestSet set(count, height, width, channels);
  for (size_t i = 0; i < set.bytes.size(); ++i) set.bytes[i] = uint8_t(40 + (i * 7919 + i * i % 613) % 160);
  set.images = Tensor::from_host(set.bytes, {count, height, width, channels});
  return set;
}

/// An image of values from 0 to 255.
struct Picture {
  int height, width, channels;
  std::vector<double> values;

  double& at(int h, int w, int c) { return values[size_t((h * width + w) * channels + c)]; }
  double at(int h, int w, int c) const { return values[size_t((h * width + w) * channels + c)]; }
};

inline Picture picture_of(const TestSet& set, int64_t sample) {
  Picture picture{set.height, set.width, set.channels, {}};
  for (int h = 0; h < set.height; ++h)
    for (int w = 0; w < set.width; ++w)
      for (int c = 0; c < set.channels; ++c) picture.values.push_back(set.pixel(sample, h, w, c));
  return picture;
}

/// What the batch shows of its i-th image, as values from 0 to 255 again.
inline Picture shown(const TestSet& set, const HostBatch& batch, size_t i) {
  Picture picture{set.height, set.width, set.channels, image(batch, i)};
  for (size_t j = 0; j < picture.values.size(); ++j) {
    const size_t c = j % size_t(set.channels);
    picture.values[j] = (picture.values[j] / set.inverse_list[c] + set.mean_list[c]) * 255;
  }
  return picture;
}

inline double clamp(double v) { return std::clamp(v, 0., 255.); }

inline double gray(const Picture& x, int h, int w) {
  return x.channels == 1 ? x.at(h, w, 0) : 0.2989 * x.at(h, w, 0) + 0.587 * x.at(h, w, 1) + 0.114 * x.at(h, w, 2);
}

inline double mean_gray(const Picture& x) {
  double sum = 0;
  for (int h = 0; h < x.height; ++h)
    for (int w = 0; w < x.width; ++w) sum += gray(x, h, w);
  return sum / (x.height * x.width);
}

/// out = factor x + (1 - factor) other(h, w)
inline Picture blend(const Picture& x, double factor, const std::function<double(int, int)>& other) {
  Picture out = x;
  for (int h = 0; h < x.height; ++h)
    for (int w = 0; w < x.width; ++w)
      for (int c = 0; c < x.channels; ++c) out.at(h, w, c) = clamp(factor * x.at(h, w, c) + (1 - factor) * other(h, w));
  return out;
}
inline Picture brightness(const Picture& x, double factor) {
  return blend(x, factor, [](int, int) { return 0.; });
}
inline Picture contrast(const Picture& x, double factor) {
  const double mean = mean_gray(x);
  return blend(x, factor, [&](int, int) { return mean; });
}
inline Picture saturation(const Picture& x, double factor) {
  if (x.channels == 1) return x;
  return blend(x, factor, [&](int h, int w) { return gray(x, h, w); });
}

/// Hue in turns, by sectors of the colour circle.
inline double hue_of(double r, double g, double b) {
  const double high = std::max({r, g, b}), chroma = high - std::min({r, g, b});
  if (chroma == 0) return 0;
  const double sixths = high == r ? (g - b) / chroma : high == g ? 2 + (b - r) / chroma : 4 + (r - g) / chroma;
  return std::fmod(sixths / 6 + 1, 1);
}
inline Picture turned_hue(const Picture& x, double turn) {
  if (x.channels == 1) return x;
  Picture out = x;
  for (int h = 0; h < x.height; ++h)
    for (int w = 0; w < x.width; ++w) {
      const double r = x.at(h, w, 0), g = x.at(h, w, 1), b = x.at(h, w, 2);
      const double v = std::max({r, g, b}), s = v == 0 ? 0 : (v - std::min({r, g, b})) / v;
      const double hue = std::fmod(hue_of(r, g, b) + turn + 1, 1), f = hue * 6 - std::floor(hue * 6);
      const double p = v * (1 - s), q = v * (1 - f * s), t = v * (1 - (1 - f) * s);
      const double sectors[6][3] = {{v, t, p}, {q, v, p}, {p, v, t}, {p, q, v}, {t, p, v}, {v, p, q}};
      for (int c = 0; c < 3; ++c) out.at(h, w, c) = sectors[int(hue * 6) % 6][c];
    }
  return out;
}

inline Picture mapped(const Picture& x, const std::function<double(double)>& f) {
  Picture out = x;
  std::transform(x.values.begin(), x.values.end(), out.values.begin(), f);
  return out;
}
inline Picture posterized(const Picture& x, int bits) {
  const double unit = std::pow(2, 8 - bits);
  return mapped(x, [=](double v) { return std::floor(std::floor(v + 0.5) / unit) * unit; });
}
inline Picture solarized(const Picture& x, double threshold) {
  return mapped(x, [=](double v) { return v < threshold ? v : 255 - v; });
}
inline Picture autocontrasted(const Picture& x) {
  Picture out = x;
  for (int c = 0; c < x.channels; ++c) {
    double low = 255, high = 0;
    for (size_t j = size_t(c); j < x.values.size(); j += size_t(x.channels)) {
      low = std::min(low, x.values[j]);
      high = std::max(high, x.values[j]);
    }
    if (high > low)
      for (size_t j = size_t(c); j < x.values.size(); j += size_t(x.channels))
        out.values[j] = (x.values[j] - low) / (high - low) * 255;
  }
  return out;
}
inline Picture equalized(const Picture& x) {
  Picture out = x;
  for (int c = 0; c < x.channels; ++c) {
    std::map<int, int> counts;
    for (size_t j = size_t(c); j < x.values.size(); j += size_t(x.channels)) ++counts[int(std::lround(x.values[j]))];
    const int step = (x.height * x.width - counts.rbegin()->second) / 255;
    if (step == 0) continue;
    for (size_t j = size_t(c); j < x.values.size(); j += size_t(x.channels)) {
      int before = step / 2;
      for (const auto& [value, count] : counts)
        if (value < std::lround(x.values[j])) before += count;
      out.values[j] = std::min(before / step, 255);
    }
  }
  return out;
}

using Matrix = std::array<double, 6>;  // x' = m0 x + m1 y + m2, y' = m3 x + m4 y + m5, from the centre of the image

inline Matrix after(const Matrix& b, const Matrix& a) {  // b(a(p))
  return {b[0] * a[0] + b[1] * a[3], b[0] * a[1] + b[1] * a[4], b[0] * a[2] + b[1] * a[5] + b[2],
          b[3] * a[0] + b[4] * a[3], b[3] * a[1] + b[4] * a[4], b[3] * a[2] + b[4] * a[5] + b[5]};
}

/// The picture after its points have moved by `forward`: every pixel is looked up where it came from, bilinearly.
inline Picture moved(const Picture& x, const Matrix& forward, Border border) {
  const auto line = [&](int i, int n) {
    if (border == Border::constant) return i < 0 || i >= n ? -1 : i;
    while (i < 0 || i >= n) i = i < 0 ? -i : 2 * (n - 1) - i;
    return i;
  };
  const auto pixel = [&](int h, int w, int c) {
    const int row = line(h, x.height), column = line(w, x.width);
    return row < 0 || column < 0 ? 0. : x.at(row, column, c);
  };
  const double determinant = forward[0] * forward[4] - forward[1] * forward[3];
  const double centre_x = (x.width - 1) / 2., centre_y = (x.height - 1) / 2.;
  Picture out = x;
  for (int h = 0; h < x.height; ++h)
    for (int w = 0; w < x.width; ++w) {
      const double dx = w - centre_x - forward[2], dy = h - centre_y - forward[5];
      double from_x = (forward[4] * dx - forward[1] * dy) / determinant + centre_x;
      double from_y = (forward[0] * dy - forward[3] * dx) / determinant + centre_y;
      const int left = int(std::floor(from_x)), top = int(std::floor(from_y));
      from_x -= left;
      from_y -= top;
      for (int c = 0; c < x.channels; ++c)
        out.at(h, w, c) = (1 - from_y) * ((1 - from_x) * pixel(top, left, c) + from_x * pixel(top, left + 1, c)) +
                          from_y * ((1 - from_x) * pixel(top + 1, left, c) + from_x * pixel(top + 1, left + 1, c));
    }
  return out;
}

/// An operation of RandAugment with one of its two directions.
struct Candidate {
  std::string name;
  std::optional<Matrix> matrix;
  std::function<Picture(const Picture&)> color;
};

inline std::vector<Candidate> candidates(double magnitude, int height, int width) {
  const double level = magnitude / 10;
  std::vector<Candidate> all;
  const auto geometric = [&](const char* name, const Matrix& matrix) { all.push_back({name, matrix, {}}); };
  const auto color = [&](const char* name, const std::function<Picture(const Picture&)>& f) {
    all.push_back({name, {}, f});
  };
  for (const double side : {1., -1.}) {
    const double angle = side * level * std::acos(-1) / 6;
    geometric("rotate", {std::cos(angle), -std::sin(angle), 0, std::sin(angle), std::cos(angle), 0});
    geometric("shear_x", {1, side * level * 0.3, 0, 0, 1, 0});
    geometric("shear_y", {1, 0, 0, side * level * 0.3, 1, 0});
    geometric("translate_x", {1, 0, side * level * 0.45 * width, 0, 1, 0});
    geometric("translate_y", {1, 0, 0, 0, 1, side * level * 0.45 * height});
    const double factor = 1 + side * level * 0.9;
    color("brightness", [=](const Picture& x) { return brightness(x, factor); });
    color("contrast", [=](const Picture& x) { return contrast(x, factor); });
    color("saturation", [=](const Picture& x) { return saturation(x, factor); });
  }
  color("posterize", [=](const Picture& x) { return posterized(x, 8 - int(4 * level)); });
  color("solarize", [=](const Picture& x) { return solarized(x, 256 * (1 - level)); });
  color("autocontrast", autocontrasted);
  color("equalize", equalized);
  return all;
}

inline Picture done(const Picture& x, const std::vector<const Candidate*>& operations, Border border) {
  Matrix map{1, 0, 0, 0, 1, 0};
  for (const Candidate* operation : operations)
    if (operation->matrix) map = after(*operation->matrix, map);
  Picture out = moved(x, map, border);
  for (const Candidate* operation : operations)
    if (operation->color) out = operation->color(out);
  return out;
}

/// Equal but for rounding. What was interpolated may lie on either side of a step of posterize, solarize or equalize:
/// with `steps`, 10 % of the values may be a few levels off.
inline bool looks_like(const Picture& got, const Picture& want, bool steps) {
  size_t off = 0;
  for (size_t j = 0; j < got.values.size(); ++j) {
    const double difference = std::abs(got.values[j] - want.values[j]);
    if (!(difference < (steps ? 8 : 0.02))) return false;
    off += difference >= 0.02;
  }
  return off <= got.values.size() / 10;
}

}  // namespace cucurbit
