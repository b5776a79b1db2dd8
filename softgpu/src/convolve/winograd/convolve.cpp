#include "blocks.h"
#include "by_channels.h"
#include "winograd.h"

namespace softgpu::convolve::winograd {
namespace {

/// The order of work for filters that fit the caches. All filters are transformed first, into [36, in, out]; each
/// thread then transforms a block of tiles, multiplies it with them and transforms the products back.
struct ByTiles : Problem {
  Blocks blocks;

  explicit ByTiles(const Problem& problem)
      : Problem(problem), blocks(strips, source.channels, result.channels, least_tiles()) {}

  /// Larger blocks pay where the filters have to be read from the third-level cache, or from memory.
  int64_t least_tiles() const {
    const int64_t bytes = filter_elements() * int64_t{sizeof(float)};
    return bytes > 16 << 20 ? 96 : bytes > 2 << 20 ? 16 : 8;
  }
  int64_t filter_elements() const { return kProducts * source.channels * result.channels; }
  int64_t thread_elements() const {
    return row_buffer(strips, source.channels) +
           kProducts * (product_stride(blocks, source.channels) + product_stride(blocks, result.channels));
  }
  size_t workspace() const {
    return sizeof(float) * static_cast<size_t>(filter_elements() + omp_get_max_threads() * thread_elements());
  }
};

template <class T>
void convolve_block(const ByTiles& problem, const T* source, const float* filters, const Scaling<T>& scaling, T* result,
                    float* scratch, int64_t first, int64_t last) {
  const Strips& strips = problem.strips;
  const int64_t in = problem.source.channels, out = problem.result.channels;
  const Transformed samples{scratch + row_buffer(strips, in), product_stride(problem.blocks, in), in};
  const Transformed products{samples.values + kProducts * samples.stride, product_stride(problem.blocks, out), out};
  for (int64_t strip = first; strip < last; ++strip)
    transform_sample_strip(problem.source, source, problem.pad_h, problem.pad_w, strips, strip, scratch, samples,
                           (strip - first) * strips.tile_cols);
  const int64_t tiles = ((last - first) * strips.tile_cols + kRowMultiple - 1) / kRowMultiple * kRowMultiple;
  const int64_t end = std::min(2 * last - first, strips.count());
  const Prefetch next(problem.source, strips, source, sizeof(T), last, end, kWindow - kTile - problem.pad_h);
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
                 strips, strip, tile, 0, out, scaling, result);
}

template <class T, class Filter>
void convolve(const ByTiles& problem, const T* source, const Filter& filter, const Scaling<T>& scaling, T* result,
              void* workspace) {
  float* const filters = static_cast<float*>(workspace);
  const int64_t ins = problem.source.channels, outs = problem.result.channels;
#pragma omp parallel
  {
#pragma omp for schedule(static)
    for (int64_t in = 0; in < ins; in += kLanes)
      for (int64_t out = 0; out < outs; out += kLanes)
        transform_filters(filter, in, out, filters + in * outs + out, ins * outs, outs);
    const int thread = omp_get_thread_num();
    float* const scratch = filters + problem.filter_elements() + thread * problem.thread_elements();
    for_each_block(problem.blocks, thread, omp_get_num_threads(), [&](int64_t first, int64_t last) {
      convolve_block(problem, source, filters, scaling, result, scratch, first, last);
    });
  }
}

Problem forward_problem(const Convolution& c) {
  return {{c.n, c.h, c.w, c.c}, {c.n, c.p(), c.q(), c.k}, c.pad_h, c.pad_w};
}
Problem backward_data_problem(const Convolution& c) {
  return {{c.n, c.p(), c.q(), c.k}, {c.n, c.h, c.w, c.c}, 2 - c.pad_h, 2 - c.pad_w};
}

/// Calls f with the order of work that suits the problem.
template <class F>
auto in_order(const Problem& p, F f) {
  const ByChannels by_channels(p);
  return by_channels.pays() ? f(by_channels) : f(ByTiles(p));
}
size_t workspace_of(const Problem& problem) {
  return in_order(problem, [](const auto& order) { return order.workspace(); });
}

}  // namespace

size_t forward_workspace(const Convolution& conv) { return workspace_of(forward_problem(conv)); }
size_t backward_data_workspace(const Convolution& conv) { return workspace_of(backward_data_problem(conv)); }

template <class T>
void forward(const Convolution& conv, const T* x, const T* filter, T* y, const Scaling<T>& scaling, void* workspace) {
  in_order(forward_problem(conv), [&](const auto& order) {
    convolve(order, x, ForwardFilter<T>{filter, conv.c}, scaling, y, workspace);
  });
}

template <class T>
void backward_data(const Convolution& conv, const T* dy, const T* filter, T* dx, const Scaling<T>& scaling,
                   void* workspace) {
  in_order(backward_data_problem(conv), [&](const auto& order) {
    convolve(order, dy, BackwardFilter<T>{filter, conv.c}, scaling, dx, workspace);
  });
}

#define INSTANTIATE(T)                                                                         \
  template void forward(const Convolution&, const T*, const T*, T*, const Scaling<T>&, void*); \
  template void backward_data(const Convolution&, const T*, const T*, T*, const Scaling<T>&, void*);
INSTANTIATE(float)
INSTANTIATE(__nv_bfloat16)
#undef INSTANTIATE

}  // namespace softgpu::convolve::winograd
