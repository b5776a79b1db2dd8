#include "blocks.h"
#include "winograd.h"

namespace softgpu::convolve::winograd {
namespace {

struct Problem {
  Maps x, dy;
  int64_t pad_h, pad_w;
  Strips strips;
  Blocks blocks;

  explicit Problem(const Convolution& c)
      : x{c.n, c.h, c.w, c.c},
        dy{c.n, c.p(), c.q(), c.k},
        pad_h(c.pad_h),
        pad_w(c.pad_w),
        strips(c.n, c.p(), c.q()),
        blocks(strips, c.c, c.k) {}

  int64_t sums() const { return kProducts * x.channels * dy.channels; }
  int64_t rows() const { return row_buffer(strips, std::max(x.channels, dy.channels)); }
  int64_t thread_elements() const {
    return sums() + rows() + kProducts * (product_stride(blocks, x.channels) + product_stride(blocks, dy.channels));
  }
};

/// sums [36, k, c] += the products of a block of tiles.
template <class T>
void add_block(const Problem& problem, const T* x, const T* dy, float* sums, int64_t first, int64_t last) {
  const Strips& strips = problem.strips;
  const int64_t c = problem.x.channels, k = problem.dy.channels;
  float* const rows = sums + problem.sums();
  const Transformed samples{rows + problem.rows(), product_stride(problem.blocks, c)};
  const Transformed cotangents{samples.values + kProducts * samples.stride, product_stride(problem.blocks, k)};
  for (int64_t strip = first; strip < last; ++strip) {
    const int64_t tile = (strip - first) * strips.tile_cols;
    transform_sample_strip(problem.x, x, problem.pad_h, problem.pad_w, strips, strip, rows, samples, tile);
    transform_cotangent_strip(problem.dy, dy, strips, strip, rows, cotangents, tile);
  }
  const int64_t tiles = (last - first) * strips.tile_cols;
  const int64_t end = std::min(2 * last - first, strips.count());
  const Prefetch next_x(problem.x, strips, x, sizeof(T), last, end);
  const Prefetch next_dy(problem.dy, strips, dy, sizeof(T), last, end);
  for (int i = 0; i < kProducts; ++i) {
    next_x.fetch<false>(i, kProducts);
    next_dy.fetch<false>(i, kProducts);
    accumulate(cotangents.values + i * cotangents.stride, samples.values + i * samples.stride, sums + i * k * c, tiles,
               k, c);
  }
}

/// dw [3, 3, c] of one output channel: the sums of all threads, `stride` apart, in order.
template <class T>
void store_filter(const Problem& problem, const float* sums, int64_t stride, int threads, int64_t k, T* dw,
                  const Scaling<T>& scaling) {
  const int64_t channels = problem.x.channels;
  for (int64_t c = 0; c < channels; c += kLanes) {
    Window columns[kWindow];
#pragma GCC unroll 6
    for (int j = 0; j < kWindow; ++j) {
#pragma GCC unroll 6
      for (int i = 0; i < kWindow; ++i) {
        const float* from = sums + ((i * kWindow + j) * problem.dy.channels + k) * channels + c;
        columns[j][i] = load(from);
        for (int thread = 1; thread < threads; ++thread) columns[j][i] += load(from + thread * stride);
      }
      transform_gradient(columns[j]);
    }
    for (int r = 0; r < 3; ++r) {
      Window row;
#pragma GCC unroll 6
      for (int j = 0; j < kWindow; ++j) row[j] = columns[j][r];
      transform_gradient(row);
#pragma GCC unroll 6
      for (int s = 0; s < 3; ++s) {
        const int64_t at = (k * 9 + r * 3 + s) * channels + c;
        store(dw + at, scaled(row[s], scaling, at, c));
      }
    }
  }
}

}  // namespace

size_t backward_filter_workspace(const Convolution& conv) {
  return sizeof(float) * static_cast<size_t>(omp_get_max_threads() * Problem(conv).thread_elements());
}

template <class T>
void backward_filter(const Convolution& conv, const T* x, const T* dy, T* dw, const Scaling<T>& scaling,
                     void* workspace) {
  const Problem problem(conv);
  float* const shared = static_cast<float*>(workspace);
#pragma omp parallel
  {
    const int thread = omp_get_thread_num(), threads = omp_get_num_threads();
    float* const sums = shared + thread * problem.thread_elements();
    std::fill_n(sums, problem.sums(), 0.0f);
    for_each_block(problem.blocks, thread, threads,
                   [&](int64_t first, int64_t last) { add_block(problem, x, dy, sums, first, last); });
#pragma omp barrier
#pragma omp for schedule(static)
    for (int64_t k = 0; k < conv.k; ++k)
      store_filter(problem, shared, problem.thread_elements(), threads, k, dw, scaling);
  }
}

template void backward_filter(const Convolution&, const float*, const float*, float*, const Scaling<float>&, void*);
template void backward_filter(const Convolution&, const __nv_bfloat16*, const __nv_bfloat16*, __nv_bfloat16*,
                              const Scaling<__nv_bfloat16>&, void*);

}  // namespace softgpu::convolve::winograd
