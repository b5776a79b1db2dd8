#include "blocks.h"
#include "winograd.h"

namespace softgpu::convolve::winograd {
namespace {

/// What both orders of work need to know about the convolution.
struct Layer {
  Maps x, dy;
  int64_t pad_h, pad_w;
  Strips strips;

  explicit Layer(const Convolution& c)
      : x{c.n, c.h, c.w, c.c}, dy{c.n, c.p(), c.q(), c.k}, pad_h(c.pad_h), pad_w(c.pad_w), strips(c.n, c.p(), c.q()) {}
};

/// The order of work for sums that fit the caches: each thread transforms and multiplies blocks of tiles into sums of
/// its own, and the sums of all threads are added at the end.
struct ByTiles : Layer {
  static constexpr int64_t kManySums = 1 << 18;  // as many as fill the second-level cache
  Blocks blocks;

  explicit ByTiles(const Convolution& c) : Layer(c), blocks(strips, c.c, c.k, sums() > kManySums ? 64 : 16) {}

  int64_t sums() const { return kProducts * x.channels * dy.channels; }
  int64_t rows() const { return row_buffer(strips, std::max(x.channels, dy.channels)); }
  int64_t thread_elements() const {
    return sums() + rows() + kProducts * (product_stride(blocks, x.channels) + product_stride(blocks, dy.channels));
  }
  size_t workspace() const { return sizeof(float) * static_cast<size_t>(omp_get_max_threads() * thread_elements()); }
};

/// Adds the products of a block of tiles to sums [36, k, c].
template <class T>
void add_block(const ByTiles& problem, const T* x, const T* dy, float* sums, int64_t first, int64_t last) {
  const Strips& strips = problem.strips;
  const int64_t c = problem.x.channels, k = problem.dy.channels;
  float* const rows = sums + problem.sums();
  const Transformed samples{rows + problem.rows(), product_stride(problem.blocks, c), c};
  const Transformed cotangents{samples.values + kProducts * samples.stride, product_stride(problem.blocks, k), k};
  for (int64_t strip = first; strip < last; ++strip) {
    const int64_t tile = (strip - first) * strips.tile_cols;
    transform_sample_strip(problem.x, x, problem.pad_h, problem.pad_w, strips, strip, rows, samples, tile);
    transform_cotangent_strip(problem.dy, dy, strips, strip, rows, cotangents, tile);
  }
  const int64_t tiles = (last - first) * strips.tile_cols;
  const int64_t end = std::min(2 * last - first, strips.count());
  const Prefetch next_x(problem.x, strips, x, sizeof(T), last, end, kWindow - kTile - problem.pad_h);
  const Prefetch next_dy(problem.dy, strips, dy, sizeof(T), last, end);
  for (int i = 0; i < kProducts; ++i) {
    next_x.fetch<false>(i, kProducts);
    next_dy.fetch<false>(i, kProducts);
    accumulate(cotangents.values + i * cotangents.stride, samples.values + i * samples.stride, sums + i * k * c, tiles,
               k, c);
  }
}

/// The sums of one output channel: its 36 products lie `stride` apart. The total is the sum over `parts` arrays, which
/// lie `gap` apart, one for each thread.
struct Sums {
  const float* values;
  int64_t stride;
  int parts = 1;
  int64_t gap = 0;
};

/// Transforms the sums back and stores the first `count` channels of a filter dw [3, 3, channels] that lies at `first`.
template <class T>
void store_filter(const Sums& sums, int64_t count, int64_t channels, int64_t first, T* dw, const Scaling<T>& scaling) {
  for (int64_t c = 0; c < count; c += kLanes) {
    Window columns[kWindow];
#pragma GCC unroll 6
    for (int j = 0; j < kWindow; ++j) {
#pragma GCC unroll 6
      for (int i = 0; i < kWindow; ++i) {
        const float* from = sums.values + (i * kWindow + j) * sums.stride + c;
        columns[j][i] = load(from);
        for (int part = 1; part < sums.parts; ++part) columns[j][i] += load(from + part * sums.gap);
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
        const int64_t at = first + (r * 3 + s) * channels + c;
        store(dw + at, scaled(row[s], scaling, at, c));
      }
    }
  }
}

template <class T>
void compute(const ByTiles& problem, const T* x, const T* dy, T* dw, const Scaling<T>& scaling, float* workspace) {
  const int64_t c = problem.x.channels;
#pragma omp parallel
  {
    const int thread = omp_get_thread_num(), threads = omp_get_num_threads();
    float* const sums = workspace + thread * problem.thread_elements();
    std::fill_n(sums, problem.sums(), 0.0f);
    for_each_block(problem.blocks, thread, threads,
                   [&](int64_t first, int64_t last) { add_block(problem, x, dy, sums, first, last); });
#pragma omp barrier  // a filter adds up the sums of all threads
#pragma omp for schedule(static)
    for (int64_t k = 0; k < problem.dy.channels; ++k)
      store_filter({workspace + k * c, problem.dy.channels * c, threads, problem.thread_elements()}, c, c, k * 9 * c,
                   dw, scaling);
  }
}

/// The order of work for few tiles and many channels: x and dy are transformed once and kept, and each thread takes
/// squares of channels and completes their sums in its own caches.
struct ByChannels : Layer {
  int64_t tiles, c_panel, k_panel;

  explicit ByChannels(const Convolution& c)
      : Layer(c), tiles(strips.count() * strips.tile_cols), c_panel(panel(c.c)), k_panel(panel(c.k)) {}

  static int64_t panel(int64_t channels) { return channels % 32 == 0 ? 32 : 16; }
  /// Distance of the products of all tiles: not a multiple of a page, for the reason that product_stride gives.
  int64_t stride(int64_t channels) const { return tiles * channels + 16; }
  int64_t sum_stride() const { return k_panel * c_panel + 16; }
  int64_t shared_elements() const { return kProducts * (stride(x.channels) + stride(dy.channels)); }
  int64_t thread_elements() const {
    return std::max(row_buffer(strips, std::max(x.channels, dy.channels)), kProducts * sum_stride());
  }
  size_t workspace() const {
    return sizeof(float) * static_cast<size_t>(shared_elements() + omp_get_max_threads() * thread_elements());
  }
  bool pays() const {
    constexpr int64_t kManyFilters = 128 * 128;
    return tiles <= std::max(x.channels, dy.channels) && x.channels * dy.channels > kManyFilters;
  }
};

/// Computes dw for one panel of output channels, from k on, and one panel of input channels, from c on.
template <class T>
void add_panels(const ByChannels& p, const Transformed& samples, const Transformed& cotangents, int64_t c, int64_t k,
                T* dw, const Scaling<T>& scaling, float* sums) {
  constexpr int64_t kDepth = 64;  // tiles whose two panels fit the first-level cache together
  std::fill_n(sums, kProducts * p.sum_stride(), 0.0f);
  for (int i = 0; i < kProducts; ++i) {
    for (int64_t tile = 0; tile < p.tiles; tile += kDepth)
      accumulate(cotangents.values + i * cotangents.stride + k * p.tiles + tile * p.k_panel,
                 samples.values + i * samples.stride + c * p.tiles + tile * p.c_panel, sums + i * p.sum_stride(),
                 std::min(kDepth, p.tiles - tile), p.k_panel, p.c_panel);
  }
  for (int64_t row = 0; row < p.k_panel; ++row)
    store_filter({sums + row * p.c_panel, p.sum_stride()}, p.c_panel, p.x.channels, (k + row) * 9 * p.x.channels + c,
                 dw, scaling);
}

template <class T>
void compute(const ByChannels& p, const T* x, const T* dy, T* dw, const Scaling<T>& scaling, float* workspace) {
  const Transformed samples{workspace, p.stride(p.x.channels), p.c_panel, p.tiles};
  const Transformed cotangents{workspace + kProducts * samples.stride, p.stride(p.dy.channels), p.k_panel, p.tiles};
#pragma omp parallel
  {
    float* const own = workspace + p.shared_elements() + omp_get_thread_num() * p.thread_elements();
#pragma omp for schedule(static)
    for (int64_t strip = 0; strip < p.strips.count(); ++strip) {
      transform_sample_strip(p.x, x, p.pad_h, p.pad_w, p.strips, strip, own, samples, strip * p.strips.tile_cols);
      transform_cotangent_strip(p.dy, dy, p.strips, strip, own, cotangents, strip * p.strips.tile_cols);
    }
#pragma omp for collapse(2) schedule(static)
    for (int64_t k = 0; k < p.dy.channels; k += p.k_panel)
      for (int64_t c = 0; c < p.x.channels; c += p.c_panel) add_panels(p, samples, cotangents, c, k, dw, scaling, own);
  }
}

/// Calls f with the order of work that suits the convolution.
template <class F>
auto in_order(const Convolution& conv, F f) {
  const ByChannels by_channels(conv);
  return by_channels.pays() ? f(by_channels) : f(ByTiles(conv));
}

}  // namespace

size_t backward_filter_workspace(const Convolution& conv) {
  return in_order(conv, [](const auto& order) { return order.workspace(); });
}

template <class T>
void backward_filter(const Convolution& conv, const T* x, const T* dy, T* dw, const Scaling<T>& scaling,
                     void* workspace) {
  in_order(conv, [&](const auto& order) { compute(order, x, dy, dw, scaling, static_cast<float*>(workspace)); });
}

template void backward_filter(const Convolution&, const float*, const float*, float*, const Scaling<float>&, void*);
template void backward_filter(const Convolution&, const __nv_bfloat16*, const __nv_bfloat16*, __nv_bfloat16*,
                              const Scaling<__nv_bfloat16>&, void*);

}  // namespace softgpu::convolve::winograd
