#include "cudnn_f64.h"

#include <algorithm>

namespace softgpu::cudnn {
namespace {

/// Calls visit(at_x, at_filter) for each filter offset (r, s) of output channel k that falls inside the image when the
/// filter is placed for result (p, q) of image n. Both arguments are the array indices of the first channel of k's
/// group.
template <class Visit>
void for_each_offset(const Convolution& c, int64_t n, int64_t p, int64_t q, int64_t k, Visit visit) {
  const int64_t depth = c.c / c.groups, first = k / (c.k / c.groups) * depth;
  for (int64_t r = 0; r < c.r; ++r) {
    const int64_t h = p * c.stride_h - c.pad_h + r * c.dilation_h;
    if (h < 0 || h >= c.h) continue;
    for (int64_t s = 0; s < c.s; ++s) {
      const int64_t w = q * c.stride_w - c.pad_w + s * c.dilation_w;
      if (w < 0 || w >= c.w) continue;
      visit(((n * c.h + h) * c.w + w) * c.c + first, ((k * c.r + r) * c.s + s) * depth);
    }
  }
}

}  // namespace

void forward_f64(const Convolution& c, const double* x, const double* filter, double* y) {
  const int64_t depth = c.c / c.groups;
#pragma omp parallel for collapse(2) schedule(static)
  for (int64_t n = 0; n < c.n; ++n) {
    for (int64_t p = 0; p < c.p; ++p) {
      for (int64_t q = 0; q < c.q; ++q) {
        for (int64_t k = 0; k < c.k; ++k) {
          double sum = 0.0;
          for_each_offset(c, n, p, q, k, [&](int64_t at_x, int64_t at_filter) {
            for (int64_t i = 0; i < depth; ++i) sum += x[at_x + i] * filter[at_filter + i];
          });
          y[((n * c.p + p) * c.q + q) * c.k + k] = sum;
        }
      }
    }
  }
}

void backward_data_f64(const Convolution& c, const double* dy, const double* filter, double* dx) {
  const int64_t depth = c.c / c.groups, image = c.h * c.w * c.c;
#pragma omp parallel for schedule(static)
  for (int64_t n = 0; n < c.n; ++n) {
    std::fill(dx + n * image, dx + (n + 1) * image, 0.0);
    for (int64_t p = 0; p < c.p; ++p) {
      for (int64_t q = 0; q < c.q; ++q) {
        for (int64_t k = 0; k < c.k; ++k) {
          const double gradient = dy[((n * c.p + p) * c.q + q) * c.k + k];
          for_each_offset(c, n, p, q, k, [&](int64_t at_x, int64_t at_filter) {
            for (int64_t i = 0; i < depth; ++i) dx[at_x + i] += gradient * filter[at_filter + i];
          });
        }
      }
    }
  }
}

void backward_filter_f64(const Convolution& c, const double* x, const double* dy, double* dw) {
  const int64_t depth = c.c / c.groups, one = c.r * c.s * depth;
#pragma omp parallel for schedule(static)
  for (int64_t k = 0; k < c.k; ++k) {
    std::fill(dw + k * one, dw + (k + 1) * one, 0.0);
    for (int64_t n = 0; n < c.n; ++n) {
      for (int64_t p = 0; p < c.p; ++p) {
        for (int64_t q = 0; q < c.q; ++q) {
          const double gradient = dy[((n * c.p + p) * c.q + q) * c.k + k];
          for_each_offset(c, n, p, q, k, [&](int64_t at_x, int64_t at_filter) {
            for (int64_t i = 0; i < depth; ++i) dw[at_filter + i] += gradient * x[at_x + i];
          });
        }
      }
    }
  }
}

}  // namespace softgpu::cudnn
