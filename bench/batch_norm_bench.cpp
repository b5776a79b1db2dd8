// Batch normalisation with ReLU in training, beside a copy of the same map: both are limited by bandwidth alone.
#include <fmt/format.h>

#include <cmath>

#include "bench/support/agreement.h"
#include "bench/support/device_values.h"
#include "bench/support/hash_values.h"
#include "bench/support/main.h"
#include "bench/support/measure.h"
#include "kernels/batch_norm.h"
#include "kernels/elementwise.h"

namespace {
using namespace cucurbit;
using namespace cucurbit::bench;

/// A layer's tensors and the launches of its two passes.
template <class T>
struct Layer {
  int64_t rows;
  int channels;
  DType dtype = dtype_of<T>;
  Tensor x = values(1, dtype), dy = values(2, dtype), y = Tensor::empty({rows, channels}, dtype);
  Tensor dx = Tensor::empty({rows, channels}, dtype);
  Tensor gamma = on_device(hash_values(channels, 3, 0.1, 1), {channels}, DType::f32);
  Tensor beta = on_device(hash_values(channels, 4, 0.1), {channels}, DType::f32);
  Tensor mean = row(), invstd = row(), dgamma = row(), dbeta = row(), running_mean = row(), running_variance = row();
  Tensor sums = Tensor::empty({2, channels}, DType::f32);
  Tensor workspace = Tensor::empty({kernels::batch_norm_workspace(rows, channels)}, DType::f32);

  Tensor values(uint32_t stream_index, DType type) const {
    return on_device(hash_values(rows * channels, stream_index), {rows, channels}, type);
  }
  Tensor row() const { return Tensor::zeros({channels}, DType::f32); }
  kernels::ChannelAffine<float> affine() const {
    return {mean.data<float>(), invstd.data<float>(), gamma.data<float>(), beta.data<float>()};
  }

  void forward() const {
    kernels::batch_statistics(x.data<T>(), rows, channels, 1e-5, 0.1, running_mean.data<float>(),
                              running_variance.data<float>(), mean.data<float>(), invstd.data<float>(),
                              workspace.data<float>(), stream());
    kernels::batch_norm(x.data<T>(), static_cast<const T*>(nullptr), affine(), y.data<T>(), rows, channels,
                        Activation::relu, stream());
  }
  void backward() const {
    const kernels::BatchNormSaved<T> saved{x.data<T>(), dy.data<T>(), nullptr,         affine(),
                                           rows,        channels,     Activation::relu};
    kernels::batch_norm_sums(saved, {dgamma.data<float>(), false}, {dbeta.data<float>(), false}, sums.data<float>(),
                             workspace.data<float>(), stream());
    kernels::batch_norm_backward(saved, sums.data<float>(), dx.data<T>(), false, static_cast<T*>(nullptr), false,
                                 stream());
  }

  /// y = relu(gamma (x - mean) / sqrt(variance + 1e-5) + beta), by plain loops.
  Tensor expected() const {
    const std::vector<float> in = to_floats(x), scale = to_floats(gamma), shift = to_floats(beta);
    std::vector<float> out(in.size());
    for (int c = 0; c < channels; ++c) {
      double sum = 0, square = 0;
      for (int64_t r = 0; r < rows; ++r) sum += in[size_t(r * channels + c)];
      const double average = sum / double(rows);
      for (int64_t r = 0; r < rows; ++r) square += std::pow(in[size_t(r * channels + c)] - average, 2);
      const double inverse = 1 / std::sqrt(square / double(rows) + 1e-5);
      for (int64_t r = 0; r < rows; ++r) {
        const size_t at = size_t(r * channels + c);
        out[at] = float(std::max(0.0, scale[size_t(c)] * (in[at] - average) * inverse + shift[size_t(c)]));
      }
    }
    return on_device(out, {rows, channels}, DType::f32);
  }
};

/// Bytes counted: the forward pass reads x twice and writes y; the backward pass reads x and dy twice and writes dx.
template <class T>
void run(benchmark::State& state, int64_t rows, int channels, bool backward) {
  const Layer<T> layer{rows, channels};
  layer.forward();
  if (const std::string wrong = disagreement(layer.y, layer.expected(), tolerance_of(layer.dtype)); !wrong.empty())
    return state.SkipWithError(wrong.c_str());
  measure(state, {.bytes = double(layer.x.bytes()) * (backward ? 5 : 3), .items = double(rows * channels)},
          [&] { backward ? layer.backward() : layer.forward(); });
}

void run_copy(benchmark::State& state, int64_t rows, int channels) {
  const Tensor source = Tensor::zeros({rows * channels}, DType::f32),
               target = Tensor::empty(source.shape(), DType::f32);
  measure(state, {.bytes = 2 * double(source.bytes()), .items = double(rows * channels)},
          [&] { kernels::cast(source.data<float>(), target.data<float>(), source.size(), stream()); });
}

void add_all() {
  for (const auto& [size, channels] : {std::pair(28, 32), {14, 64}, {32, 16}, {8, 64}, {4, 512}}) {
    const int64_t rows = 128 * size * size;
    const std::string shape = fmt::format("{}x{}", rows, channels);
    add_benchmark("copy/" + shape + "/f32", [=, c = channels](benchmark::State& state) { run_copy(state, rows, c); });
    for (bool backward : {false, true}) {
      const std::string base = fmt::format("batch_norm_relu/{}/{}/", backward ? "backward" : "forward", shape);
      add_benchmark(base + "f32", [=, c = channels](benchmark::State& s) { run<float>(s, rows, c, backward); });
      add_benchmark(base + "bf16", [=, c = channels](benchmark::State& s) { run<bf16>(s, rows, c, backward); });
    }
  }
}
}  // namespace

int main(int argc, char** argv) { return run_benchmarks(argc, argv, add_all); }
