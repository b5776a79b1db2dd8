#include <cmath>
#include <string>

#include "kernels/device/channels.cuh"
#include "kernels/device/fast_divmod.cuh"
#include "kernels/device/numeric.cuh"
#include "kernels/error.h"
#include "kernels/host/launch.h"
#include "kernels/pooling.h"

namespace cucurbit::kernels {

namespace {
constexpr int64_t kBlockElements = 4096;
constexpr int64_t kMostMapRows = int64_t(1) << 31;
}  // namespace

/// Channels of a pixel that a thread handles at once: a number known to the compiler, so that loops over bytes and
/// floats together still become vectors.
template <int kThreads>
inline constexpr int kPixelLanes = kThreads == 1 ? 16 : 1;

/// A [batch, height, width, channels] map cut into blocks of whole rows; batch * height and a row's elements are below
/// 2^31.
struct PixelMap {
  int rows, rows_per_block;
  FastDivmod height, width, channels;
};

/// f(n, h, w, c, lanes): channels [c, c + lanes) of pixel (n, h, w), for the block's share of the map. `lanes` is a
/// constant, or a number below kPixelLanes for the last channels.
template <int kThreads, class F>
__device__ __forceinline__ void each_pixel(const PixelMap& map, F f) {
  constexpr std::integral_constant<int, kPixelLanes<kThreads>> kAll{};
  const int first = int(blockIdx.x) * map.rows_per_block;
  const int rows = first + map.rows_per_block < map.rows ? map.rows_per_block : map.rows - first;
  const int width = map.width.divisor(), channels = map.channels.divisor();
  if constexpr (kThreads > 1) {
    for (int i : strided<kThreads>(rows * width * channels)) {
      int c, w, h;  // i = (row * width + w) * channels + c: neighbouring threads have neighbouring channels
      const int row = map.width.quotient(map.channels.quotient(i, c), w);
      const int n = map.height.quotient(first + row, h);
      f(n, h, w, c, kAll);
    }
  } else {
    for (int row = first; row < first + rows; ++row) {
      int h, c;
      const int n = map.height.quotient(row, h);
      for (int w = 0; w < width; ++w) {
        for (c = 0; c + kAll <= channels; c += kAll) f(n, h, w, c, kAll);
        if (c < channels) f(n, h, w, c, channels - c);
      }
    }
  }
}

/// f(j) for each of the lanes. Iterations must be independent.
template <int kCount, class F>
__device__ __forceinline__ void each_of(std::integral_constant<int, kCount>, F f) {
  for_each(StridedRange<1, int>{0, kCount}, f);
}
/// With one thread: as many steps as there are lanes and a condition become one vector under a mask.
template <class F>
__device__ __forceinline__ void each_of(int lanes, F f) {
  for_each(StridedRange<1, int>{0, kPixelLanes<1>}, [&](int j) {
    if (j < lanes) f(j);
  });
}

/// Windows and what divides by their sizes.
struct Pool : PoolWindows {
  FastDivmod by_stride;
  explicit Pool(const PoolWindows& windows) : PoolWindows(windows), by_stride(windows.stride) {}

  __device__ __forceinline__ int64_t input(int n, int h, int w, int c) const {
    return ((int64_t(n) * height + h) * width + w) * channels + c;
  }
  __device__ __forceinline__ int64_t output(int n, int h, int w, int c) const {
    return ((int64_t(n) * out_height + h) * out_width + w) * channels + c;
  }
};

/// [begin, end) of a window's rows or columns, in the input and without padding.
struct Window {
  int begin, end;
  int first;  // where the window would begin, were there padding

  __device__ __forceinline__ Window(int at, int size, const Pool& pool) : first(at * pool.stride - pool.padding) {
    begin = first > 0 ? first : 0;
    end = first + pool.kernel < size ? first + pool.kernel : size;
  }
};

/// [begin, end) of the windows that contain the input's row or column `at`.
struct Containing {
  int begin, end;

  __device__ __forceinline__ Containing(int at, int out_size, const Pool& pool) {
    const int padded = at + pool.padding,
              missed = padded - pool.kernel;  // a window that begins at `missed` ends before
    begin = missed < 0 ? 0 : pool.by_stride.quotient(missed) + 1;
    const int past = pool.by_stride.quotient(padded) + 1;
    end = past < out_size ? past : out_size;
  }
};

template <class T, class Lanes>
__device__ __forceinline__ void write_lanes(const acc_t<T>* sum, T* into, bool accumulate, Lanes lanes) {
  if (accumulate)
    each_of(lanes, [&](int j) { into[j] = from_acc<T>(to_acc(into[j]) + sum[j]); });
  else
    each_of(lanes, [&](int j) { into[j] = from_acc<T>(sum[j]); });
}

// --- Maximum -------------------------------------------------------------------------------------------------------

template <int kThreads, class T>
__global__ void max_pool_kernel(const T* __restrict__ x, T* __restrict__ y, uint8_t* __restrict__ positions, Pool pool,
                                PixelMap outputs) {
  using A = acc_t<T>;
  each_pixel<kThreads>(outputs, [&](int n, int oh, int ow, int c, auto lanes) {
    const Window rows(oh, pool.height, pool), cols(ow, pool.width, pool);
    A best[kPixelLanes<kThreads>];
    int where[kPixelLanes<kThreads>];
    const int first = (rows.begin - rows.first) * pool.kernel + cols.begin - cols.first;
    each_of(lanes, [&](int j) {
      best[j] = -A(INFINITY);
      where[j] = first;
    });
    for (int h = rows.begin; h < rows.end; ++h)
      for (int w = cols.begin; w < cols.end; ++w) {
        const T* pixel = x + pool.input(n, h, w, c);
        // A position counts the window's pixels row by row, padding included, so that it fits in a byte.
        const int position = (h - rows.first) * pool.kernel + w - cols.first;
        each_of(lanes, [&](int j) {
          const A value = to_acc(pixel[j]);
          const bool wins = (value > best[j]) | (value != value);  // NaN wins; | and not ||, which would branch
          best[j] = wins ? value : best[j];
          where[j] = wins ? position : where[j];
        });
      }
    const int64_t at = pool.output(n, oh, ow, c);
    each_of(lanes, [&](int j) { y[at + j] = from_acc<T>(best[j]); });
    if (positions) each_of(lanes, [&](int j) { positions[at + j] = uint8_t(where[j]); });
  });
}

/// Every pixel looks at the windows that contain it, of which it may be the maximum of several. So each element of dx has
/// one writer and one order of additions, where windows that scattered their gradients would need atomic additions.
template <int kThreads, class T>
__global__ void max_pool_backward_kernel(const T* __restrict__ dy, const uint8_t* __restrict__ positions,
                                         T* __restrict__ dx, bool accumulate, Pool pool, PixelMap inputs) {
  using A = acc_t<T>;
  each_pixel<kThreads>(inputs, [&](int n, int h, int w, int c, auto lanes) {
    const Containing rows(h, pool.out_height, pool), cols(w, pool.out_width, pool);
    A sum[kPixelLanes<kThreads>];
    each_of(lanes, [&](int j) { sum[j] = 0; });
    for (int oh = rows.begin; oh < rows.end; ++oh)
      for (int ow = cols.begin; ow < cols.end; ++ow) {
        const int64_t window = pool.output(n, oh, ow, c);
        // Which position of that window this pixel is: it gets the gradient if the maximum was found there.
        const int mine = (h + pool.padding - oh * pool.stride) * pool.kernel + w + pool.padding - ow * pool.stride;
        each_of(lanes, [&](int j) {
          const A gradient = to_acc(dy[window + j]);
          sum[j] += int(positions[window + j]) == mine ? gradient : A(0);
        });
      }
    write_lanes(sum, dx + pool.input(n, h, w, c), accumulate, lanes);
  });
}

/// The same where windows tile the map: every pixel lies in one window, so that dy and positions are read once.
template <int kThreads, class T>
__global__ void max_pool_backward_tiled_kernel(const T* __restrict__ dy, const uint8_t* __restrict__ positions,
                                               T* __restrict__ dx, bool accumulate, Pool pool, PixelMap outputs) {
  using A = acc_t<T>;
  each_pixel<kThreads>(outputs, [&](int n, int oh, int ow, int c, auto lanes) {
    const int64_t at = pool.output(n, oh, ow, c);
    A gradient[kPixelLanes<kThreads>], part[kPixelLanes<kThreads>];
    int where[kPixelLanes<kThreads>];
    each_of(lanes, [&](int j) {
      gradient[j] = to_acc(dy[at + j]);
      where[j] = positions[at + j];
    });
    for (int h = 0; h < pool.kernel; ++h)
      for (int w = 0; w < pool.kernel; ++w) {
        const int mine = h * pool.kernel + w;
        each_of(lanes, [&](int j) { part[j] = where[j] == mine ? gradient[j] : A(0); });
        write_lanes(part, dx + pool.input(n, oh * pool.kernel + h, ow * pool.kernel + w, c), accumulate, lanes);
      }
  });
}

// --- Average -------------------------------------------------------------------------------------------------------

/// 1 / (pixels in the window, without padding).
template <class A>
__device__ __forceinline__ A inverse_pixels(const Window& rows, const Window& cols) {
  return A(1) / A((rows.end - rows.begin) * (cols.end - cols.begin));
}

template <int kThreads, class T>
__global__ void average_pool_kernel(const T* __restrict__ x, T* __restrict__ y, bool count_padding, Pool pool,
                                    PixelMap outputs) {
  using A = acc_t<T>;
  each_pixel<kThreads>(outputs, [&](int n, int oh, int ow, int c, auto lanes) {
    const Window rows(oh, pool.height, pool), cols(ow, pool.width, pool);
    const A inverse = count_padding ? A(1) / A(pool.kernel * pool.kernel) : inverse_pixels<A>(rows, cols);
    A sum[kPixelLanes<kThreads>];
    each_of(lanes, [&](int j) { sum[j] = 0; });
    for (int h = rows.begin; h < rows.end; ++h)
      for (int w = cols.begin; w < cols.end; ++w) {
        const T* pixel = x + pool.input(n, h, w, c);
        each_of(lanes, [&](int j) { sum[j] += to_acc(pixel[j]); });
      }
    T* out = y + pool.output(n, oh, ow, c);
    each_of(lanes, [&](int j) { out[j] = from_acc<T>(sum[j] * inverse); });
  });
}

/// Every pixel gathers from the windows that contain it, as in max_pool_backward_kernel.
template <int kThreads, class T>
__global__ void average_pool_backward_kernel(const T* __restrict__ dy, T* __restrict__ dx, bool accumulate,
                                             bool count_padding, Pool pool, PixelMap inputs) {
  using A = acc_t<T>;
  each_pixel<kThreads>(inputs, [&](int n, int h, int w, int c, auto lanes) {
    const Containing rows(h, pool.out_height, pool), cols(w, pool.out_width, pool);
    A sum[kPixelLanes<kThreads>], inverse = A(1) / A(pool.kernel * pool.kernel);
    each_of(lanes, [&](int j) { sum[j] = 0; });
    for (int oh = rows.begin; oh < rows.end; ++oh)
      for (int ow = cols.begin; ow < cols.end; ++ow) {
        if (!count_padding) inverse = inverse_pixels<A>(Window(oh, pool.height, pool), Window(ow, pool.width, pool));
        const T* window = dy + pool.output(n, oh, ow, c);
        each_of(lanes, [&](int j) { sum[j] += to_acc(window[j]) * inverse; });
      }
    write_lanes(sum, dx + pool.input(n, h, w, c), accumulate, lanes);
  });
}

// --- Global average ------------------------------------------------------------------------------------------------

/// A block per image and tile of channels: the grid's chunks are the images.
template <int kThreads, class T>
__global__ void global_average_pool_kernel(const T* __restrict__ x, T* __restrict__ y, RowGrid images) {
  using A = acc_t<T>;
  const RowChunk<kThreads> image = chunk_of<kThreads>(images);
  A sum[kLanesEach<kThreads>];
  sum[0] = 0;  // of lanes without a channel
  image.each_channel([&](int j, int) { sum[j] = 0; });
  image.each_row([&](int64_t at, int n) { each_lane<kThreads>(n, [&](int j) { sum[j] += to_acc(x[at + j]); }); });
  __shared__ A sums[kSpan];
  image.fold(sum, sums);  // its last barrier lets every thread read all sums
  const A inverse = A(1) / A(image.rows);
  T* mean = y + image.first_row / image.rows * image.channels + image.first_channel;
  for_each(strided<kThreads>(image.width), [&](int c) { mean[c] = from_acc<T>(sums[c] * inverse); });
}

template <int kThreads, class T>
__global__ void global_average_pool_backward_kernel(const T* __restrict__ dy, T* __restrict__ dx, bool accumulate,
                                                    RowGrid images) {
  using A = acc_t<T>;
  const RowChunk<kThreads> image = chunk_of<kThreads>(images);
  const T* gradient = dy + image.first_row / image.rows * image.channels;
  const A inverse = A(1) / A(image.rows);
  A each[kLanesEach<kThreads>];
  image.each_channel([&](int j, int c) { each[j] = to_acc(gradient[c]) * inverse; });
  image.each_row([&](int64_t at, int n) {
    if (accumulate)
      each_lane<kThreads>(n, [&](int j) { dx[at + j] = from_acc<T>(to_acc(dx[at + j]) + each[j]); });
    else
      each_lane<kThreads>(n, [&](int j) { dx[at + j] = from_acc<T>(each[j]); });
  });
}

// --- Launchers -----------------------------------------------------------------------------------------------------

namespace {
PixelMap pixel_map(int64_t batch, int height, int width, int channels) {
  const int64_t elements = int64_t(width) * channels, rows = elements == 0 ? 0 : batch * height;
  if (elements >= kMostMapRows || rows >= kMostMapRows)
    throw Error(ErrorKind::input, "[pool2d] map of " + std::to_string(rows) + " rows of " + std::to_string(elements) +
                                      " elements: both must be below 2^31: use a smaller batch");
  const auto divisor = [](int by) { return FastDivmod(by < 1 ? 1 : by); };
  return {int(rows), elements == 0 ? 1 : int(blocks_for(kBlockElements, elements)), divisor(height), divisor(width),
          divisor(channels)};
}
PixelMap output_map(const PoolWindows& w) { return pixel_map(w.batch, w.out_height, w.out_width, w.channels); }
PixelMap input_map(const PoolWindows& w) { return pixel_map(w.batch, w.height, w.width, w.channels); }
int64_t blocks_of(const PixelMap& map) { return blocks_for(map.rows, map.rows_per_block); }

RowGrid image_grid(int64_t batch, int pixels, int channels) {
  RowGrid grid{batch * pixels, pixels, batch, channels, 1, 0};
  if (channels == 0) return grid;
  grid.tiles = int(blocks_for(channels, kSpan));
  grid.width = int(blocks_for(channels, grid.tiles));
  return grid;
}
}  // namespace

template <class T>
void max_pool(const T* x, T* y, uint8_t* positions, const PoolWindows& windows, cudaStream_t stream) {
  const PixelMap outputs = output_map(windows);
  launch<kSpan>(CUCURBIT_KERNEL(max_pool_kernel, T), blocks_of(outputs), stream, x, y, positions, Pool(windows),
                outputs);
}

template <class T>
void max_pool_backward(const T* dy, const uint8_t* positions, T* dx, bool accumulate, const PoolWindows& windows,
                       cudaStream_t stream) {
  const PixelMap inputs = input_map(windows);
  const bool tiled = windows.stride == windows.kernel && windows.padding == 0 &&
                     windows.out_height * windows.kernel == windows.height &&
                     windows.out_width * windows.kernel == windows.width;
  if (tiled) {
    const PixelMap outputs = output_map(windows);
    return launch<kSpan>(CUCURBIT_KERNEL(max_pool_backward_tiled_kernel, T), blocks_of(outputs), stream, dy, positions,
                         dx, accumulate, Pool(windows), outputs);
  }
  launch<kSpan>(CUCURBIT_KERNEL(max_pool_backward_kernel, T), blocks_of(inputs), stream, dy, positions, dx, accumulate,
                Pool(windows), inputs);
}

template <class T>
void average_pool(const T* x, T* y, bool count_padding, const PoolWindows& windows, cudaStream_t stream) {
  const PixelMap outputs = output_map(windows);
  launch<kSpan>(CUCURBIT_KERNEL(average_pool_kernel, T), blocks_of(outputs), stream, x, y, count_padding, Pool(windows),
                outputs);
}

template <class T>
void average_pool_backward(const T* dy, T* dx, bool accumulate, bool count_padding, const PoolWindows& windows,
                           cudaStream_t stream) {
  const PixelMap inputs = input_map(windows);
  launch<kSpan>(CUCURBIT_KERNEL(average_pool_backward_kernel, T), blocks_of(inputs), stream, dy, dx, accumulate,
                count_padding, Pool(windows), inputs);
}

template <class T>
void global_average_pool(const T* x, T* y, int64_t batch, int pixels, int channels, cudaStream_t stream) {
  const RowGrid images = image_grid(batch, pixels, channels);
  launch<kSpan>(CUCURBIT_KERNEL(global_average_pool_kernel, T), images.blocks(), stream, x, y, images);
}

template <class T>
void global_average_pool_backward(const T* dy, T* dx, bool accumulate, int64_t batch, int pixels, int channels,
                                  cudaStream_t stream) {
  const RowGrid images = image_grid(batch, pixels, channels);
  launch<kSpan>(CUCURBIT_KERNEL(global_average_pool_backward_kernel, T), images.blocks(), stream, dy, dx, accumulate,
                images);
}

#define CUCURBIT_INSTANTIATE(T)                                                                          \
  template void max_pool(const T*, T*, uint8_t*, const PoolWindows&, cudaStream_t);                      \
  template void max_pool_backward(const T*, const uint8_t*, T*, bool, const PoolWindows&, cudaStream_t); \
  template void average_pool(const T*, T*, bool, const PoolWindows&, cudaStream_t);                      \
  template void average_pool_backward(const T*, T*, bool, bool, const PoolWindows&, cudaStream_t);       \
  template void global_average_pool(const T*, T*, int64_t, int, int, cudaStream_t);                      \
  template void global_average_pool_backward(const T*, T*, bool, int64_t, int, int, cudaStream_t);
CUCURBIT_INSTANTIATE(float)
CUCURBIT_INSTANTIATE(bf16)
CUCURBIT_INSTANTIATE(double)
#undef CUCURBIT_INSTANTIATE

}  // namespace cucurbit::kernels
