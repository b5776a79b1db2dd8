#pragma once

#include "engine/ops/conv2d.h"
#include "op_cases/op_case.h"

namespace cucurbit::test {

struct Conv2dSetting {
  Shape x, filter;
  Conv2dGeometry geometry{};
  bool with_bias = false;
};

inline Values reference_conv2d(const std::vector<Values>& in, const Conv2dSetting& c) {
  const auto [stride, padding, dilation, groups] = c.geometry;
  const int64_t h = c.x[1], w = c.x[2], channels = c.x[3], k = c.filter[0], r = c.filter[1], s = c.filter[2];
  const int64_t p = (h + 2 * padding - dilation * (r - 1) - 1) / stride + 1;
  const int64_t q = (w + 2 * padding - dilation * (s - 1) - 1) / stride + 1, depth = channels / groups;
  Values y(c.x[0] * p * q * k);
  for (int64_t out = 0; out < int64_t(y.size()); ++out) {
    const int64_t ko = out % k, qo = out / k % q, po = out / k / q % p, n = out / k / q / p;
    double sum = c.with_bias ? in[2][ko] : 0;
    for (int64_t i = 0; i < r * s * depth; ++i) {
      const int64_t ci = i % depth, si = i / depth % s, ri = i / depth / s;
      const int64_t row = po * stride - padding + ri * dilation, column = qo * stride - padding + si * dilation;
      if (row < 0 || row >= h || column < 0 || column >= w) continue;
      const int64_t group = ko / (k / groups);
      sum += in[0][((n * h + row) * w + column) * channels + group * depth + ci] * in[1][ko * r * s * depth + i];
    }
    y[out] = sum;
  }
  return y;
}

inline OpCase conv2d_case(const std::string& name, const Conv2dSetting& c) {
  OpCase op;
  op.name = "conv2d_" + name;
  op.inputs = {{.shape = c.x}, {.shape = c.filter}};
  if (c.with_bias) op.inputs.push_back({.shape = {c.filter[0]}, .kind = Input::Kind::parameter});
  op.run = [c](const std::vector<Tensor>& t) { return conv2d(t[0], t[1], c.with_bias ? t[2] : Tensor(), c.geometry); };
  op.reference = [c](const std::vector<Values>& in) { return reference_conv2d(in, c); };
  op.output = conv2d_output_shape(c.x, c.filter, c.geometry);
  const int64_t offsets = c.filter[1] * c.filter[2];
  op.sum_length = std::max({offsets * c.filter[3], offsets * c.filter[0] / c.geometry.groups,
                            op.output[0] * op.output[1] * op.output[2], int64_t(1)});
  op.flop = 2.0 * double(op.output.size()) * double(offsets * c.filter[3]);
  op.both_maths = true;
  return op;
}

inline std::vector<OpCase> conv2d_cases() {
  std::vector<OpCase> cases;
  for (int stride : {1, 2, 3})
    for (int padding : {0, 1, 2})
      for (int dilation : {1, 2})
        for (int groups : {1, 2, 4}) {  // 4: depthwise
          const std::string name = "s" + std::to_string(stride) + "_p" + std::to_string(padding) + "_d" +
                                   std::to_string(dilation) + "_g" + std::to_string(groups);
          const int64_t k = groups == 2 ? 6 : 4;
          cases.push_back(
              conv2d_case(name, {{2, 7, 6, 4}, {k, 3, 3, 4 / groups}, {stride, padding, dilation, groups}}));
        }
  cases.push_back(conv2d_case("bias", {{2, 5, 5, 3}, {5, 3, 3, 3}, {.padding = 1}, true}));
  cases.push_back(conv2d_case("pointwise", {{2, 3, 5, 33}, {65, 1, 1, 33}, {}}));
  cases.push_back(conv2d_case("pointwise_stride", {{1, 5, 5, 31}, {33, 1, 1, 31}, {.stride = 2}}));
  cases.push_back(conv2d_case("oblong", {{3, 8, 4, 5}, {7, 5, 2, 5}, {.padding = 1}, true}));
  cases.push_back(conv2d_case("one_value", {{1, 1, 1, 1}, {1, 1, 1, 1}, {}}));
  cases.push_back(conv2d_case("empty_batch", {{0, 5, 5, 3}, {5, 3, 3, 3}, {.padding = 1}, true}));
  cases.push_back(
      conv2d_case("empty_batch_depthwise", {{0, 5, 5, 3}, {3, 3, 3, 1}, {.padding = 1, .groups = 3}, true}));
  cases.push_back(conv2d_case(
      "many_pixels", {{4, 17, 17, 3}, {5, 3, 3, 3}, {.padding = 1}}));  // the filter gradient is summed in pieces
  cases.push_back(conv2d_case("depthwise_channels", {{1, 9, 9, 70}, {70, 3, 3, 1}, {.padding = 1, .groups = 70}}));
  cases.push_back(conv2d_case("depthwise_5x5", {{1, 9, 8, 3}, {3, 5, 5, 1}, {.padding = 2, .groups = 3}, true}));
  cases.push_back(conv2d_case("depthwise_pixels", {{4, 17, 17, 3}, {3, 3, 3, 1}, {.padding = 1, .groups = 3}}));
  cases.push_back(conv2d_case("channel_multiplier", {{2, 5, 5, 3}, {6, 3, 3, 1}, {.padding = 1, .groups = 3}}));
  return cases;
}

}  // namespace cucurbit::test
