// The 3x3 convolutions of the convnet and of ResNet-20 with a batch size of 128: forward pass, data gradient and filter
// gradient, by the vendor library and by our own kernels.
#include <fmt/format.h>

#include "bench/support/agreement.h"
#include "bench/support/device_values.h"
#include "bench/support/hash_values.h"
#include "bench/support/main.h"
#include "bench/support/measure.h"
#include "engine/ops/conv2d_backends.h"

namespace {
using namespace cucurbit;
using namespace cucurbit::bench;
using kernels::ConvShape;

enum class Direction { forward, data_gradient, filter_gradient };

struct Layer {
  ConvShape shape;
  Tensor x, w, y;

  Layer(const ConvShape& s, DType dtype)
      : shape(s),
        x(on_device(hash_values(s.n * s.h * s.w * s.c, 1), {s.n, s.h, s.w, s.c}, dtype)),
        w(on_device(hash_values(s.filter_size(), 2), {s.k, s.r, s.s, s.c}, dtype)),
        y(on_device(hash_values(s.n * s.p * s.q * s.k, 3), {s.n, s.p, s.q, s.k}, dtype)) {}

  /// A new tensor for the result of the direction.
  Tensor result(Direction direction) const {
    const Tensor& like = direction == Direction::forward ? y : direction == Direction::data_gradient ? x : w;
    return Tensor::empty(like.shape(), like.dtype());
  }

  /// Queues the convolution. Returns false if the vendor library has no such convolution.
  bool run(Direction direction, bool vendor, const Tensor& into) const {
    if (vendor) {
      if (direction == Direction::forward) return vendor_conv_forward(shape, x, w, into);
      if (direction == Direction::data_gradient) return vendor_conv_data_gradient(shape, w, y, into, false);
      return vendor_conv_filter_gradient(shape, x, y, into, false);
    }
    if (direction == Direction::forward)
      own_conv_forward(shape, x, w, into);
    else if (direction == Direction::data_gradient)
      own_conv_data_gradient(shape, w, y, into, false);
    else
      own_conv_filter_gradient(shape, x, y, into, false);
    return true;
  }
};

void run(benchmark::State& state, const ConvShape& shape, Direction direction, DType dtype, bool vendor) {
  const Layer layer(shape, dtype);
  const Tensor result = layer.result(direction), other = layer.result(direction);
  if (!layer.run(direction, true, vendor ? result : other))
    return state.SkipWithError("the vendor library has no deterministic algorithm");
  layer.run(direction, false, vendor ? other : result);
  if (const std::string wrong = disagreement(result, other, tolerance_of(dtype)); !wrong.empty())
    return state.SkipWithError(wrong.c_str());
  const double flop = 2.0 * double(layer.y.size()) * double(layer.w.size() / shape.k);
  measure(state, {.flop = flop, .bytes = double(layer.x.bytes() + layer.w.bytes() + layer.y.bytes())},
          [&] { layer.run(direction, vendor, result); });
}

/// A 3x3 convolution with padding 1 of [128, size, size, c] to k channels.
ConvShape convolution(int size, int c, int k, int stride) {
  ConvShape shape{.n = 128,
                  .h = size,
                  .w = size,
                  .c = c,
                  .k = k,
                  .r = 3,
                  .s = 3,
                  .p = 0,
                  .q = 0,
                  .stride_h = stride,
                  .stride_w = stride,
                  .pad_h = 1,
                  .pad_w = 1};
  shape.p = shape.q = kernels::conv_output_size(size, 3, stride, 1, 1);
  return shape;
}

void add(const ConvShape& shape) {
  const std::pair<Direction, const char*> directions[] = {{Direction::forward, "forward"},
                                                          {Direction::data_gradient, "data_gradient"},
                                                          {Direction::filter_gradient, "filter_gradient"}};
  for (const auto& [direction, title] : directions)
    for (DType dtype : {DType::f32, DType::bf16})
      for (bool vendor : {true, false})
        add_benchmark(fmt::format("conv/{}x{}x{}-{}/{}/{}/{}/{}", shape.h, shape.w, shape.c, shape.k, shape.stride_h,
                                  title, name(dtype), vendor ? "vendor" : "own"),
                      [=, way = direction](benchmark::State& state) { run(state, shape, way, dtype, vendor); });
}

void add_all() {
  for (const auto& [size, c, k] : {std::tuple(28, 1, 32), {28, 32, 32}, {14, 32, 64}, {14, 64, 64}})
    add(convolution(size, c, k, 1));
  for (const auto& [size, c, k, stride] :
       {std::tuple(32, 3, 16, 1), {32, 16, 16, 1}, {32, 16, 32, 2}, {16, 32, 32, 1}, {16, 32, 64, 2}, {8, 64, 64, 1}})
    add(convolution(size, c, k, stride));
}
}  // namespace

int main(int argc, char** argv) { return run_benchmarks(argc, argv, add_all); }
