#include "models/whitening.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace cucurbit {

namespace {
constexpr int64_t kMostImages = 5000;
constexpr double kEpsilon = 5e-4;

/// Row-major, n x n.
struct Square {
  size_t n;
  std::vector<double> values;
  explicit Square(size_t n) : n(n), values(n * n) {}
  double& operator()(size_t row, size_t col) { return values[row * n + col]; }
};

/// The mean of p p^T over the patches p [kernel, kernel, C] of images [N, H, W, C].
Square patch_moments(const std::vector<float>& images, const Shape& shape, int64_t kernel) {
  const int64_t N = shape[0], H = shape[1], W = shape[2], C = shape[3];
  const auto n = size_t(kernel * kernel * C);
  Square sum(n);
  std::vector<double> patch(n);
  for (int64_t image = 0; image < N; ++image)
    for (int64_t h = 0; h + kernel <= H; ++h)
      for (int64_t w = 0; w + kernel <= W; ++w) {
        for (int64_t r = 0; r < kernel; ++r) {
          const float* const row = images.data() + ((image * H + h + r) * W + w) * C;
          std::copy(row, row + kernel * C, patch.begin() + r * kernel * C);
        }
        for (size_t i = 0; i < n; ++i)
          for (size_t j = 0; j < n; ++j) sum(i, j) += patch[i] * patch[j];
      }
  const double count = double(N) * double(H - kernel + 1) * double(W - kernel + 1);
  for (double& value : sum.values) value /= count;
  return sum;
}

/// Rotates rows and columns p and q of the symmetric `a` so that a(p, q) = 0, and the columns of `vectors` likewise.
void rotate(Square& a, Square& vectors, size_t p, size_t q) {
  const double theta = (a(q, q) - a(p, p)) / (2 * a(p, q));
  const double t = (theta < 0 ? -1 : 1) / (std::abs(theta) + std::hypot(theta, 1)), c = 1 / std::hypot(t, 1), s = t * c;
  const auto turn = [=](double& x, double& y) {
    const double before = x;
    x = c * before - s * y;
    y = s * before + c * y;
  };
  for (size_t k = 0; k < a.n; ++k) turn(a(k, p), a(k, q));
  for (size_t k = 0; k < a.n; ++k) turn(a(p, k), a(q, k));
  for (size_t k = 0; k < a.n; ++k) turn(vectors(k, p), vectors(k, q));
}

/// Jacobi's method: `a` becomes diagonal; returns the eigenvectors as columns.
Square diagonalize(Square& a) {
  Square vectors(a.n);
  for (size_t i = 0; i < a.n; ++i) vectors(i, i) = 1;
  constexpr int kMostSweeps = 60;
  for (int sweep = 0; sweep < kMostSweeps; ++sweep) {
    double off = 0, all = 0;
    for (size_t p = 0; p < a.n; ++p)
      for (size_t q = 0; q < a.n; ++q) {
        all += a(p, q) * a(p, q);
        if (p != q) off += a(p, q) * a(p, q);
      }
    if (off <= 1e-30 * all) break;
    for (size_t p = 0; p < a.n; ++p)
      for (size_t q = p + 1; q < a.n; ++q)
        if (a(p, q) != 0) rotate(a, vectors, p, q);
  }
  return vectors;
}
}  // namespace

std::vector<float> whitening_filters(const DeviceSet& images, int kernel) {
  const Tensor batch = images.range(0, std::min(images.count(), kMostImages), DType::f32).images;
  Square moments = patch_moments(batch.to_host<float>(), batch.shape(), kernel);
  Square vectors = diagonalize(moments);
  const size_t n = moments.n;
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t(0));
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return moments(a, a) > moments(b, b); });
  std::vector<float> filters(2 * n * n);
  for (size_t i = 0; i < n; ++i)
    for (size_t k = 0; k < n; ++k) {
      const size_t from = order[i];
      const double value = vectors(k, from) / std::sqrt(std::max(moments(from, from), 0.0) + kEpsilon);
      filters[i * n + k] = float(value);
      filters[(n + i) * n + k] = float(-value);
    }
  return filters;
}

}  // namespace cucurbit
