#pragma once

#include <cmath>

#include "engine/ops/batch_norm.h"
#include "engine/runtime/stream.h"
#include "kernels/elementwise.h"
#include "op_cases/activation.h"

namespace cucurbit::test {

struct BatchNormSetting {
  bool training = true, with_residual = false, own_residual = false;
  Activation activation = Activation::identity;
};

inline constexpr double kFrozenMean = 0.25, kFrozenVariance = 0.5;

inline Values reference_batch_norm(const std::vector<Values>& in, int64_t channels, const BatchNormSetting& setting) {
  const int64_t rows = int64_t(in[0].size()) / channels;
  Values y(in[0].size());
  for (int64_t c = 0; c < channels; ++c) {
    double mean = kFrozenMean, variance = kFrozenVariance;
    if (setting.training) {
      mean = variance = 0;
      for (int64_t r = 0; r < rows; ++r) mean += in[0][r * channels + c] / double(rows);
      for (int64_t r = 0; r < rows; ++r) variance += std::pow(in[0][r * channels + c] - mean, 2) / double(rows);
    }
    for (int64_t i = c; i < rows * channels; i += channels) {
      double z = (in[0][i] - mean) / std::sqrt(variance + 1e-5) * in[1][c] + in[2][c];
      if (setting.with_residual) z += in[3][i];
      if (setting.own_residual) z += in[0][i];
      y[i] = reference_activation(setting.activation, z);
    }
  }
  return y;
}

inline Tensor constant_channels(int64_t channels, DType dtype, double value) {
  Tensor made = Tensor::empty({channels}, dtype);
  dispatch_float(dtype, "test", [&]<class T>(Type<T>) { kernels::fill(made.data<T>(), channels, value, stream()); });
  return made;
}

inline OpCase batch_norm_case(const std::string& name, const Shape& shape, const BatchNormSetting& setting) {
  const int64_t channels = shape[-1];
  OpCase op;
  op.name = "batch_norm_" + name;
  op.inputs = {{.shape = shape},
               {.shape = {channels}, .kind = Input::Kind::parameter, .low = 0.5, .high = 1.5},
               {.shape = {channels}, .kind = Input::Kind::parameter}};
  if (setting.with_residual) op.inputs.push_back({.shape = shape});
  op.run = [channels, setting](const std::vector<Tensor>& in) {
    const DType type = accumulator_of(in[0].dtype());
    const Tensor residual = setting.with_residual ? in[3] : setting.own_residual ? in[0] : Tensor();
    return batch_norm(in[0], in[1], in[2], constant_channels(channels, type, kFrozenMean),
                      constant_channels(channels, type, kFrozenVariance),
                      {.training = setting.training, .activation = setting.activation}, residual);
  };
  op.reference = [channels, setting](const std::vector<Values>& in) {
    return reference_batch_norm(in, channels, setting);
  };
  op.output = shape;
  op.sum_length = channels ? shape.size() / channels : 1;
  return op;
}

inline std::vector<OpCase> batch_norm_cases() {
  std::vector<OpCase> cases;
  for (Activation kind : kActivations) {
    const std::string name = cucurbit::name(kind);
    cases.push_back(batch_norm_case(name, {3, 5, 4, 16}, {.activation = kind}));
    cases.push_back(batch_norm_case(name + "_residual", {3, 5, 4, 16}, {.with_residual = true, .activation = kind}));
  }
  const Activation relu = Activation::relu;
  cases.push_back(batch_norm_case("one_channel", {2, 20, 20, 1}, {}));
  cases.push_back(batch_norm_case("three_channels", {2, 40, 39, 3}, {.activation = relu}));  // rows in two chunks
  cases.push_back(batch_norm_case("33_channels", {1100, 33}, {.activation = relu}));         // rows in five chunks
  cases.push_back(batch_norm_case("257_channels", {7, 257}, {.activation = relu}));          // channels in two tiles
  cases.push_back(batch_norm_case("600_channels", {50, 600}, {.with_residual = true, .activation = relu}));
  cases.push_back(batch_norm_case("2048_channels", {9, 2048}, {}));
  cases.push_back(batch_norm_case("own_residual", {4, 3, 3, 8}, {.own_residual = true, .activation = relu}));
  cases.push_back(batch_norm_case("frozen", {4, 3, 3, 8}, {.training = false}));
  cases.push_back(batch_norm_case("frozen_one_row", {1, 40}, {.training = false, .activation = relu}));
  cases.push_back(batch_norm_case("frozen_residual", {700, 31},
                                  {.training = false, .with_residual = true, .activation = Activation::silu}));
  cases.push_back(batch_norm_case("empty", {0, 4, 4, 8}, {}));
  return cases;
}

}  // namespace cucurbit::test
