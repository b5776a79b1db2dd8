#include "convolve/pointwise.h"

#include <omp.h>

#include "convolve/multiply.h"

namespace softgpu::convolve {
namespace {

/// Lines of y are processed in groups of about this many pixels.
constexpr int64_t kPixels = 48;

struct Lines {
  int64_t count, each, pixels;  // all lines [n, p]; lines of a group; pixels of a group, rounded up for multiply()

  explicit Lines(const Pointwise& conv) : count(conv.n * conv.p), each(std::max<int64_t>(kPixels / conv.q, 1)) {
    pixels = (each * conv.q + kRowMultiple - 1) / kRowMultiple * kRowMultiple;
  }
  int64_t groups() const { return (count + each - 1) / each; }
};

int64_t thread_elements(const Pointwise& conv) { return Lines(conv).pixels * (conv.c + conv.k); }

template <class T>
void copy_pixel(const T* from, float* into, int64_t channels) {
  for (int64_t c = 0; c < channels; c += kLanes) store(into + c, load(from + c));
}

template <class T>
void store_pixel(const float* from, T* into, int64_t at, int64_t channels, const Scaling<T>& scaling) {
  for (int64_t c = 0; c < channels; c += kLanes) store(into + at + c, scaled(load(from + c), scaling, at + c, c));
}

template <class T>
void store_nothing(T* into, int64_t at, int64_t count, const Scaling<T>& scaling) {
  for (int64_t c = 0; c < count; c += kLanes) store(into + at + c, scaled(Vec{}, scaling, at + c, 0));
}

/// The index in x of the pixel that pixel q of line [n, p] of y is computed from.
int64_t seen_by(const Pointwise& conv, int64_t line, int64_t q) {
  const int64_t h = line % conv.p * conv.stride_h;
  return ((line / conv.p * conv.h + h) * conv.w + q * conv.stride_w) * conv.c;
}

template <class T>
void gather(const Pointwise& conv, const T* x, int64_t first, int64_t last, float* into) {
  for (int64_t line = first; line < last; ++line)
    for (int64_t q = 0; q < conv.q; ++q, into += conv.c) copy_pixel(x + seen_by(conv, line, q), into, conv.c);
}

/// Stores dx for a group of lines of y from their products, including the pixels that the stride skips.
template <class T>
void scatter(const Pointwise& conv, const float* products, int64_t first, int64_t last, T* dx,
             const Scaling<T>& scaling) {
  for (int64_t line = first; line < last; ++line) {
    for (int64_t q = 0; q < conv.q; ++q, products += conv.c) {
      const int64_t at = seen_by(conv, line, q), skipped = std::min(conv.stride_w, conv.w - q * conv.stride_w) - 1;
      store_pixel(products, dx, at, conv.c, scaling);
      store_nothing(dx, at + conv.c, skipped * conv.c, scaling);
    }
    const int64_t rows = std::min(conv.stride_h, conv.h - line % conv.p * conv.stride_h) - 1, row = conv.w * conv.c;
    store_nothing(dx, seen_by(conv, line, 0) + row, rows * row, scaling);
  }
}

/// Calls f(first line, last line, the thread's buffer) for all groups of lines.
template <class F>
void for_each_group(const Pointwise& conv, float* buffers, F f) {
  const Lines lines(conv);
#pragma omp for schedule(static)
  for (int64_t group = 0; group < lines.groups(); ++group)
    f(group * lines.each, std::min((group + 1) * lines.each, lines.count),
      buffers + omp_get_thread_num() * thread_elements(conv));
}

int64_t padded(int64_t pixels) { return (pixels + kRowMultiple - 1) / kRowMultiple * kRowMultiple; }

}  // namespace

size_t pointwise_workspace(const Pointwise& conv) {
  const int threads = omp_get_max_threads();
  return sizeof(float) * static_cast<size_t>(threads * (thread_elements(conv) + conv.c * conv.k));
}

template <class T>
void pointwise_forward(const Pointwise& conv, const T* x, const T* filter, T* y, const Scaling<T>& scaling,
                       void* workspace) {
  float* const transposed = static_cast<float*>(workspace);
#pragma omp parallel
  {
#pragma omp for schedule(static)
    for (int64_t c = 0; c < conv.c; ++c)
      for (int64_t k = 0; k < conv.k; k += kLanes)
        store(transposed + c * conv.k + k, load_strided(filter + k * conv.c + c, conv.c));
    for_each_group(conv, transposed + conv.c * conv.k, [&](int64_t first, int64_t last, float* pixels) {
      const int64_t count = (last - first) * conv.q;
      float* const products = pixels + Lines(conv).pixels * conv.c;
      gather(conv, x, first, last, pixels);
      multiply(pixels, transposed, products, padded(count), conv.c, conv.k);
      for (int64_t i = 0; i < count; ++i)
        store_pixel(products + i * conv.k, y, (first * conv.q + i) * conv.k, conv.k, scaling);
    });
  }
}

template <class T>
void pointwise_backward_data(const Pointwise& conv, const T* dy, const T* filter, T* dx, const Scaling<T>& scaling,
                             void* workspace) {
  float* const floats = static_cast<float*>(workspace);
#pragma omp parallel
  {
#pragma omp for schedule(static)
    for (int64_t k = 0; k < conv.k; ++k) copy_pixel(filter + k * conv.c, floats + k * conv.c, conv.c);
    for_each_group(conv, floats + conv.c * conv.k, [&](int64_t first, int64_t last, float* pixels) {
      const int64_t count = (last - first) * conv.q;
      float* const products = pixels + Lines(conv).pixels * conv.k;
      for (int64_t i = 0; i < count; ++i) copy_pixel(dy + (first * conv.q + i) * conv.k, pixels + i * conv.k, conv.k);
      multiply(pixels, floats, products, padded(count), conv.k, conv.c);
      scatter(conv, products, first, last, dx, scaling);
    });
  }
}

template <class T>
void pointwise_backward_filter(const Pointwise& conv, const T* x, const T* dy, T* dw, const Scaling<T>& scaling,
                               void* workspace) {
  float* const sums = static_cast<float*>(workspace);
  const int64_t size = conv.c * conv.k;
#pragma omp parallel
  {
    const int threads = omp_get_num_threads();
    float* const own = sums + omp_get_thread_num() * size;
    std::fill_n(own, size, 0.0f);
    for_each_group(conv, sums + threads * size, [&](int64_t first, int64_t last, float* pixels) {
      const int64_t count = (last - first) * conv.q;
      float* const cotangents = pixels + Lines(conv).pixels * conv.c;
      gather(conv, x, first, last, pixels);
      for (int64_t i = 0; i < count; ++i)
        copy_pixel(dy + (first * conv.q + i) * conv.k, cotangents + i * conv.k, conv.k);
      accumulate(cotangents, pixels, own, count, conv.k, conv.c);
    });
#pragma omp for schedule(static)
    for (int64_t at = 0; at < size; at += kLanes) {
      Vec sum = load(sums + at);
      for (int thread = 1; thread < threads; ++thread) sum += load(sums + thread * size + at);
      store(dw + at, scaled(sum, scaling, at, 0));
    }
  }
}

#define INSTANTIATE(T)                                                                                       \
  template void pointwise_forward(const Pointwise&, const T*, const T*, T*, const Scaling<T>&, void*);       \
  template void pointwise_backward_data(const Pointwise&, const T*, const T*, T*, const Scaling<T>&, void*); \
  template void pointwise_backward_filter(const Pointwise&, const T*, const T*, T*, const Scaling<T>&, void*);
INSTANTIATE(float)
INSTANTIATE(__nv_bfloat16)
#undef INSTANTIATE

}  // namespace softgpu::convolve
