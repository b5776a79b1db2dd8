#include "kernels/pooling.h"

#include "kernels/device/channels.cuh"
#include "kernels/device/launch.h"
#include "kernels/device/numeric.cuh"

namespace cucurbit::kernels {

namespace {
constexpr int64_t kBlockElements = 4096;

int64_t pixels_per_block(int channels) { return channels < 1 ? 1 : blocks_for(kBlockElements, channels); }
}  // namespace

/// [begin, end) of a window's rows or columns, in the input and without padding.
struct Window {
  int begin, end;
  int first;  // where the window would begin, were there padding

  __device__ __forceinline__ Window(int at, int size, const PoolWindows& w) : first(at * w.stride - w.padding) {
    begin = first > 0 ? first : 0;
    end = first + w.kernel < size ? first + w.kernel : size;
  }
};

/// [begin, end) of the windows that contain the padded coordinate `at`.
struct Containing {
  int begin, end;

  __device__ __forceinline__ Containing(int at, int out_size, const PoolWindows& w) {
    const int padded = at + w.padding, before = padded - w.kernel;  // windows beginning at or before `before` end too early
    begin = before < 0 ? 0 : before / w.stride + 1;
    end = padded / w.stride + 1 < out_size ? padded / w.stride + 1 : out_size;
  }
};

/// f(n, h, w, at, c, lanes): channels [c, c + lanes) of pixel (n, h, w), whose first channel is element `at`; the block's
/// share of a [batch, height, width, channels] map.
template <int kThreads, class F>
__device__ __forceinline__ void each_map_pixel(int64_t batch, int height, int width, int channels, int64_t per_block,
                                               F f) {
  const int64_t begin = int64_t(blockIdx.x) * per_block, pixels = batch * height * width;
  const int64_t end = begin + per_block < pixels ? begin + per_block : pixels;
  each_pixel<kThreads>(begin, end, channels, [&](int64_t pixel, int c, int lanes) {
    const int64_t row = pixel / width, n = row / height;
    f(n, int(row - n * height), int(pixel - row * width), pixel * channels, c, lanes);
  });
}

template <int kThreads, class T>
__device__ __forceinline__ void write_lanes(const acc_t<T>* sum, T* into, bool accumulate, int lanes) {
  if (accumulate)
    each_lane<kThreads>(lanes, [&](int j) { into[j] = from_acc<T>(to_acc(into[j]) + sum[j]); });
  else
    each_lane<kThreads>(lanes, [&](int j) { into[j] = from_acc<T>(sum[j]); });
}

// --- Maximum -------------------------------------------------------------------------------------------------------

template <int kThreads, class T>
__global__ void max_pool_kernel(const T* __restrict__ x, T* __restrict__ y, uint8_t* __restrict__ positions,
                                PoolWindows w, int64_t per_block) {
  using A = acc_t<T>;
  A best[kLanesEach<kThreads>];
  int where[kLanesEach<kThreads>];
  each_map_pixel<kThreads>(
      w.batch, w.out_height, w.out_width, w.channels, per_block,
      [&](int64_t n, int oh, int ow, int64_t at, int c, int lanes) {
        const Window rows(oh, w.height, w), cols(ow, w.width, w);
        const int first = (rows.begin - rows.first) * w.kernel + cols.begin - cols.first;
        each_lane<kThreads>(lanes, [&](int j) {
          best[j] = -A(INFINITY);
          where[j] = first;
        });
        for (int h = rows.begin; h < rows.end; ++h)
          for (int v = cols.begin; v < cols.end; ++v) {
            const T* pixel = x + ((n * w.height + h) * w.width + v) * w.channels + c;
            const int position = (h - rows.first) * w.kernel + v - cols.first;
            each_lane<kThreads>(lanes, [&](int j) {
              const A value = to_acc(pixel[j]);
              const bool wins = (value > best[j]) | (value != value);
              best[j] = wins ? value : best[j];
              where[j] = wins ? position : where[j];
            });
          }
        each_lane<kThreads>(lanes, [&](int j) { y[at + c + j] = from_acc<T>(best[j]); });
        if (positions) each_lane<kThreads>(lanes, [&](int j) { positions[at + c + j] = uint8_t(where[j]); });
      });
}

template <int kThreads, class T>
__global__ void max_pool_backward_kernel(const T* __restrict__ dy, const uint8_t* __restrict__ positions,
                                         T* __restrict__ dx, bool accumulate, PoolWindows w, int64_t per_block) {
  using A = acc_t<T>;
  A sum[kLanesEach<kThreads>];
  each_map_pixel<kThreads>(
      w.batch, w.height, w.width, w.channels, per_block,
      [&](int64_t n, int h, int v, int64_t at, int c, int lanes) {
        const Containing rows(h, w.out_height, w), cols(v, w.out_width, w);
        each_lane<kThreads>(lanes, [&](int j) { sum[j] = 0; });
        for (int oh = rows.begin; oh < rows.end; ++oh)
          for (int ow = cols.begin; ow < cols.end; ++ow) {
            const int64_t window = ((n * w.out_height + oh) * w.out_width + ow) * w.channels + c;
            const int mine = (h + w.padding - oh * w.stride) * w.kernel + v + w.padding - ow * w.stride;
            each_lane<kThreads>(lanes, [&](int j) {
              const A gradient = to_acc(dy[window + j]);
              sum[j] += positions[window + j] == mine ? gradient : A(0);
            });
          }
        write_lanes<kThreads>(sum, dx + at + c, accumulate, lanes);
      });
}

// --- Average -------------------------------------------------------------------------------------------------------

/// 1 / (pixels that divide the window's sum).
template <class A>
__device__ __forceinline__ A inverse_divisor(const Window& rows, const Window& cols, bool count_padding,
                                             const PoolWindows& w) {
  return A(1) / A(count_padding ? w.kernel * w.kernel : (rows.end - rows.begin) * (cols.end - cols.begin));
}

template <int kThreads, class T>
__global__ void average_pool_kernel(const T* __restrict__ x, T* __restrict__ y, bool count_padding, PoolWindows w,
                                    int64_t per_block) {
  using A = acc_t<T>;
  A sum[kLanesEach<kThreads>];
  each_map_pixel<kThreads>(
      w.batch, w.out_height, w.out_width, w.channels, per_block,
      [&](int64_t n, int oh, int ow, int64_t at, int c, int lanes) {
        const Window rows(oh, w.height, w), cols(ow, w.width, w);
        const A inverse = inverse_divisor<A>(rows, cols, count_padding, w);
        each_lane<kThreads>(lanes, [&](int j) { sum[j] = 0; });
        for (int h = rows.begin; h < rows.end; ++h)
          for (int v = cols.begin; v < cols.end; ++v) {
            const T* pixel = x + ((n * w.height + h) * w.width + v) * w.channels + c;
            each_lane<kThreads>(lanes, [&](int j) { sum[j] += to_acc(pixel[j]); });
          }
        each_lane<kThreads>(lanes, [&](int j) { y[at + c + j] = from_acc<T>(sum[j] * inverse); });
      });
}

template <int kThreads, class T>
__global__ void average_pool_backward_kernel(const T* __restrict__ dy, T* __restrict__ dx, bool accumulate,
                                             bool count_padding, PoolWindows w, int64_t per_block) {
  using A = acc_t<T>;
  A sum[kLanesEach<kThreads>];
  each_map_pixel<kThreads>(
      w.batch, w.height, w.width, w.channels, per_block,
      [&](int64_t n, int h, int v, int64_t at, int c, int lanes) {
        const Containing rows(h, w.out_height, w), cols(v, w.out_width, w);
        each_lane<kThreads>(lanes, [&](int j) { sum[j] = 0; });
        for (int oh = rows.begin; oh < rows.end; ++oh)
          for (int ow = cols.begin; ow < cols.end; ++ow) {
            const A inverse = inverse_divisor<A>(Window(oh, w.height, w), Window(ow, w.width, w), count_padding, w);
            const T* window = dy + ((n * w.out_height + oh) * w.out_width + ow) * w.channels + c;
            each_lane<kThreads>(lanes, [&](int j) { sum[j] += to_acc(window[j]) * inverse; });
          }
        write_lanes<kThreads>(sum, dx + at + c, accumulate, lanes);
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
  image.each_row([&](int64_t at, int n) {
    each_lane<kThreads>(n, [&](int j) { sum[j] += to_acc(x[at + j]); });
  });
  __shared__ A sums[kSpan];
  image.fold(sum, sums);
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
  image.each_row([&](int64_t at, int n) { write_lanes<kThreads>(each, dx + at, accumulate, n); });
}

// --- Launchers -----------------------------------------------------------------------------------------------------

namespace {
/// Blocks over the pixels of a [batch, height, width, channels] map; none if it is empty.
Grid pixel_blocks(int64_t pixels, int channels) {
  return channels == 0 ? 0 : blocks_for(pixels, pixels_per_block(channels));
}
Grid output_blocks(const PoolWindows& w) { return pixel_blocks(w.batch * w.out_height * w.out_width, w.channels); }
Grid input_blocks(const PoolWindows& w) { return pixel_blocks(w.batch * w.height * w.width, w.channels); }

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
  launch<kSpan>(CUCURBIT_KERNEL(max_pool_kernel, T), output_blocks(windows), stream, x, y, positions, windows,
                pixels_per_block(windows.channels));
}

template <class T>
void max_pool_backward(const T* dy, const uint8_t* positions, T* dx, bool accumulate, const PoolWindows& windows,
                       cudaStream_t stream) {
  launch<kSpan>(CUCURBIT_KERNEL(max_pool_backward_kernel, T), input_blocks(windows), stream, dy, positions, dx,
                accumulate, windows, pixels_per_block(windows.channels));
}

template <class T>
void average_pool(const T* x, T* y, bool count_padding, const PoolWindows& windows, cudaStream_t stream) {
  launch<kSpan>(CUCURBIT_KERNEL(average_pool_kernel, T), output_blocks(windows), stream, x, y, count_padding, windows,
                pixels_per_block(windows.channels));
}

template <class T>
void average_pool_backward(const T* dy, T* dx, bool accumulate, bool count_padding, const PoolWindows& windows,
                           cudaStream_t stream) {
  launch<kSpan>(CUCURBIT_KERNEL(average_pool_backward_kernel, T), input_blocks(windows), stream, dy, dx, accumulate,
                count_padding, windows, pixels_per_block(windows.channels));
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

#define INSTANTIATE(T)                                                                                        \
  template void max_pool(const T*, T*, uint8_t*, const PoolWindows&, cudaStream_t);                           \
  template void max_pool_backward(const T*, const uint8_t*, T*, bool, const PoolWindows&, cudaStream_t);      \
  template void average_pool(const T*, T*, bool, const PoolWindows&, cudaStream_t);                           \
  template void average_pool_backward(const T*, T*, bool, bool, const PoolWindows&, cudaStream_t);            \
  template void global_average_pool(const T*, T*, int64_t, int, int, cudaStream_t);                           \
  template void global_average_pool_backward(const T*, T*, bool, int64_t, int, int, cudaStream_t);
INSTANTIATE(float)
INSTANTIATE(bf16)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace cucurbit::kernels
