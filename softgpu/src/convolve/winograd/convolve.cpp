#include "blocks.h"
#include "winograd.h"

namespace softgpu::convolve::winograd {
namespace {

/// Forward and data gradient alike: `source` to `result`, through filters in [36, in, out].
struct Problem {
  Maps source, result;
  int64_t pad_h, pad_w;
  Strips strips;
  Blocks blocks;

  Problem(const Maps& source, const Maps& result, int64_t pad_h, int64_t pad_w)
      : source(source),
        result(result),
        pad_h(pad_h),
        pad_w(pad_w),
        strips(result.n, result.h, result.w),
        blocks(strips, source.channels, result.channels) {}

  int64_t filter_elements() const { return kProducts * source.channels * result.channels; }
  int64_t thread_elements() const {
    return row_buffer(strips, source.channels) +
           kProducts * (product_stride(blocks, source.channels) + product_stride(blocks, result.channels));
  }
  size_t workspace() const {
    return sizeof(float) * static_cast<size_t>(filter_elements() + omp_get_max_threads() * thread_elements());
  }
};

Problem forward_problem(const Convolution& c) {
  return {{c.n, c.h, c.w, c.c}, {c.n, c.p(), c.q(), c.k}, c.pad_h, c.pad_w};
}
Problem backward_data_problem(const Convolution& c) {
  return {{c.n, c.p(), c.q(), c.k}, {c.n, c.h, c.w, c.c}, 2 - c.pad_h, 2 - c.pad_w};
}

/// Vectors of output channels at tap (r, s): how the two directions read filters [k, 3, 3, c].
template <class T>
struct ForwardTaps {
  const T* filter;
  int64_t c;
  Vec operator()(int64_t in, int64_t out, int r, int s) const {
    return load_strided(filter + (out * 9 + r * 3 + s) * c + in, 9 * c);
  }
};
template <class T>
struct BackwardTaps {
  const T* filter;
  int64_t c;
  Vec operator()(int64_t in, int64_t out, int r, int s) const {
    return load(filter + (in * 9 + (2 - r) * 3 + (2 - s)) * c + out);
  }
};

/// u [36, in, out] of one input channel.
template <class Taps>
void transform_filters(const Taps& taps, int64_t in, const Problem& problem, float* u) {
  const int64_t outs = problem.result.channels, stride = problem.source.channels * outs;
  for (int64_t out = 0; out < outs; out += kLanes) {
    Window columns[3];
#pragma GCC unroll 6
    for (int s = 0; s < 3; ++s)
      transform_filter(taps(in, out, 0, s), taps(in, out, 1, s), taps(in, out, 2, s), columns[s]);
#pragma GCC unroll 6
    for (int i = 0; i < kWindow; ++i) {
      Window row;
      transform_filter(columns[0][i], columns[1][i], columns[2][i], row);
#pragma GCC unroll 6
      for (int j = 0; j < kWindow; ++j) store(u + (i * kWindow + j) * stride + in * outs + out, row[j]);
    }
  }
}

/// The results of one tile from its products, at [i * stride + channel].
template <class T>
void store_tile(const float* products, int64_t stride, const Maps& maps, int64_t image, int64_t h0, int64_t w0,
                const Scaling<T>& scaling, T* result) {
  const int64_t height = std::min<int64_t>(kTile, maps.h - h0), width = std::min<int64_t>(kTile, maps.w - w0);
  for (int64_t c = 0; c < maps.channels; c += kLanes) {
    Window columns[kWindow];
#pragma GCC unroll 6
    for (int j = 0; j < kWindow; ++j) {
#pragma GCC unroll 6
      for (int i = 0; i < kWindow; ++i) columns[j][i] = load(products + (i * kWindow + j) * stride + c);
      transform_results(columns[j]);
    }
    for (int64_t i = 0; i < height; ++i) {
      Window row;
#pragma GCC unroll 6
      for (int j = 0; j < kWindow; ++j) row[j] = columns[j][i];
      transform_results(row);
      const int64_t at = ((image * maps.h + h0 + i) * maps.w + w0) * maps.channels + c;
      for (int64_t j = 0; j < width; ++j)
        store(result + at + j * maps.channels, scaled(row[j], scaling, at + j * maps.channels, c));
    }
  }
}

template <class T>
void convolve_block(const Problem& problem, const T* source, const float* filters, const Scaling<T>& scaling, T* result,
                    float* scratch, int64_t first, int64_t last) {
  const Strips& strips = problem.strips;
  const int64_t in = problem.source.channels, out = problem.result.channels;
  const Transformed samples{scratch + row_buffer(strips, in), product_stride(problem.blocks, in)};
  const Transformed products{samples.values + kProducts * samples.stride, product_stride(problem.blocks, out)};
  for (int64_t strip = first; strip < last; ++strip)
    transform_sample_strip(problem.source, source, problem.pad_h, problem.pad_w, strips, strip, scratch, samples,
                           (strip - first) * strips.tile_cols);
  const int64_t tiles = ((last - first) * strips.tile_cols + kRowMultiple - 1) / kRowMultiple * kRowMultiple;
  const int64_t end = std::min(2 * last - first, strips.count());
  const Prefetch next(problem.source, strips, source, sizeof(T), last, end);
  const Prefetch results(problem.result, strips, result, sizeof(T), first, last);
  const bool adds = scaling.beta != 0 && scaling.prior != result;
  const Prefetch priors(problem.result, strips, scaling.prior, sizeof(T), first, adds ? last : first);
  for (int i = 0; i < kProducts; ++i) {
    next.fetch<false>(i, kProducts);
    results.fetch<true>(i, kProducts);
    priors.fetch<false>(i, kProducts);
    multiply(samples.values + i * samples.stride, filters + i * in * out, products.values + i * products.stride, tiles,
             in, out);
  }
  for (int64_t strip = first; strip < last; ++strip)
    for (int64_t tile = 0; tile < strips.tile_cols; ++tile)
      store_tile(products.values + ((strip - first) * strips.tile_cols + tile) * out, products.stride, problem.result,
                 strip / strips.tile_rows, strip % strips.tile_rows * kTile, tile * kTile, scaling, result);
}

template <class T, class Taps>
void convolve(const Problem& problem, const T* source, const Taps& taps, const Scaling<T>& scaling, T* result,
              void* workspace) {
  float* const filters = static_cast<float*>(workspace);
#pragma omp parallel
  {
#pragma omp for schedule(static)
    for (int64_t in = 0; in < problem.source.channels; ++in) transform_filters(taps, in, problem, filters);
    const int thread = omp_get_thread_num();
    float* const scratch = filters + problem.filter_elements() + thread * problem.thread_elements();
    for_each_block(problem.blocks, thread, omp_get_num_threads(), [&](int64_t first, int64_t last) {
      convolve_block(problem, source, filters, scaling, result, scratch, first, last);
    });
  }
}

}  // namespace

size_t forward_workspace(const Convolution& conv) { return forward_problem(conv).workspace(); }
size_t backward_data_workspace(const Convolution& conv) { return backward_data_problem(conv).workspace(); }

template <class T>
void forward(const Convolution& conv, const T* x, const T* filter, T* y, const Scaling<T>& scaling, void* workspace) {
  convolve(forward_problem(conv), x, ForwardTaps<T>{filter, conv.c}, scaling, y, workspace);
}

template <class T>
void backward_data(const Convolution& conv, const T* dy, const T* filter, T* dx, const Scaling<T>& scaling,
                   void* workspace) {
  convolve(backward_data_problem(conv), dy, BackwardTaps<T>{filter, conv.c}, scaling, dx, workspace);
}

#define INSTANTIATE(T)                                                                         \
  template void forward(const Convolution&, const T*, const T*, T*, const Scaling<T>&, void*); \
  template void backward_data(const Convolution&, const T*, const T*, T*, const Scaling<T>&, void*);
INSTANTIATE(float)
INSTANTIATE(__nv_bfloat16)
#undef INSTANTIATE

}  // namespace softgpu::convolve::winograd
