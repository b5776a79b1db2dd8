#pragma once

#include <cmath>

#include "engine/ops/conv_norm.h"
#include "op_cases/conv2d.h"

namespace cucurbit::test {

struct ConvNormSetting {
  Conv2dSetting conv;
  bool relu = true, with_residual = false, with_bias = false;
};

/// in: x, filter, gamma, beta, mean, variance, then residual or bias.
inline Values reference_conv_norm(const std::vector<Values>& in, const ConvNormSetting& setting) {
  Values y = reference_conv2d({in[0], in[1]}, setting.conv);
  const int64_t channels = setting.conv.filter[0];
  for (size_t i = 0; i < y.size(); ++i) {
    const size_t k = i % size_t(channels);
    if (setting.with_bias) y[i] += in[6][k];
    y[i] = (y[i] - in[4][k]) / std::sqrt(in[5][k] + 1e-5) * in[2][k] + in[3][k];
    if (setting.with_residual) y[i] += in[6][i];
    if (setting.relu && y[i] < 0) y[i] = 0;
  }
  return y;
}

inline OpCase conv_norm_case(const std::string& name, const ConvNormSetting& setting) {
  const auto& [conv, relu, with_residual, with_bias] = setting;
  const Input::Kind parameter = Input::Kind::parameter;
  const Shape channels{conv.filter[0]};
  OpCase op;
  op.name = "conv_norm_" + name;
  op.output = conv2d_output_shape(conv.x, conv.filter, conv.geometry);
  op.inputs = {{.shape = conv.x},
               {.shape = conv.filter, .kind = parameter},
               {.shape = channels, .kind = parameter, .low = 0.5, .high = 1.5},
               {.shape = channels, .kind = parameter},
               {.shape = channels, .kind = parameter},
               {.shape = channels, .kind = parameter, .low = 0.5, .high = 1.5}};
  if (with_residual) op.inputs.push_back({.shape = op.output});
  if (with_bias) op.inputs.push_back({.shape = channels, .kind = parameter});
  op.run = [setting](const std::vector<Tensor>& in) {
    const Tensor bias = setting.with_bias ? in[6] : Tensor(), residual = setting.with_residual ? in[6] : Tensor();
    const FoldedConv folded = fold_conv_norm(in[1], bias, {in[2], in[3], in[4], in[5]}, in[0].dtype());
    return folded_conv(in[0], folded, setting.conv.geometry, setting.relu ? Activation::relu : Activation::identity,
                       residual);
  };
  op.reference = [setting](const std::vector<Values>& in) { return reference_conv_norm(in, setting); };
  op.sum_length = conv.filter.size() / conv.filter[0];
  op.gradient = false;
  op.dtypes = {DType::f32, DType::bf16};
  return op;
}

inline std::vector<OpCase> conv_norm_cases() {
  const Conv2dSetting stem{{2, 9, 8, 3}, {16, 3, 3, 3}, {.padding = 1}};
  const Conv2dSetting tiles{{6, 9, 8, 16}, {32, 3, 3, 16}, {.padding = 1}};
  const Conv2dSetting strided{{3, 9, 8, 16}, {32, 3, 3, 16}, {.stride = 2, .padding = 1}};
  const Conv2dSetting pointwise{{3, 9, 8, 32}, {48, 1, 1, 32}, {.stride = 2}};
  const Conv2dSetting depthwise{{2, 7, 7, 16}, {16, 3, 3, 1}, {.padding = 1, .groups = 16}};
  return {conv_norm_case("stem", {stem}),
          conv_norm_case("tiles", {tiles}),
          conv_norm_case("tiles_residual", {tiles, true, true}),
          conv_norm_case("strided_residual", {strided, true, true}),
          conv_norm_case("pointwise", {pointwise, false}),
          conv_norm_case("pointwise_relu", {pointwise}),
          conv_norm_case("depthwise", {depthwise}),
          conv_norm_case("identity", {tiles, false}),
          conv_norm_case("bias", {tiles, true, false, true}),
          conv_norm_case("strided_bias", {strided, false, false, true})};
}

#if CUCURBIT_HAS_CUDNN
#endif

}  // namespace cucurbit::test
