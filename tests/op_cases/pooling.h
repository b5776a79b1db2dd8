#pragma once

#include <algorithm>
#include <cmath>

#include "engine/ops/pooling.h"
#include "op_cases/op_case.h"

namespace cucurbit::test {

inline Values reference_pool(const Values& x, const Shape& shape, PoolKind kind, const PoolGeometry& g) {
  const int64_t H = shape[1], W = shape[2], C = shape[3];
  const int64_t out_h = (H + 2 * g.padding - g.kernel) / g.stride + 1;
  const int64_t out_w = (W + 2 * g.padding - g.kernel) / g.stride + 1;
  Values y;
  for (int64_t n = 0; n < shape[0]; ++n)
    for (int64_t oh = 0; oh < out_h; ++oh)
      for (int64_t ow = 0; ow < out_w; ++ow)
        for (int64_t c = 0; c < C; ++c) {
          double largest = -INFINITY, sum = 0;
          int count = 0;
          for (int r = 0; r < g.kernel; ++r)
            for (int s = 0; s < g.kernel; ++s) {
              const int64_t h = oh * g.stride + r - g.padding, w = ow * g.stride + s - g.padding;
              if (h < 0 || h >= H || w < 0 || w >= W) continue;
              const double value = x[((n * H + h) * W + w) * C + c];
              largest = std::max(largest, value);
              sum += value;
              ++count;
            }
          y.push_back(kind == PoolKind::max ? largest : sum / (g.count_padding ? g.kernel * g.kernel : count));
        }
  return y;
}

inline OpCase pool_case(const std::string& name, const Shape& shape, PoolKind kind, const PoolGeometry& geometry) {
  OpCase op;
  op.name = (kind == PoolKind::max ? "max_pool_" : "average_pool_") + name;
  op.inputs = {{.shape = shape, .distinct = kind == PoolKind::max}};
  op.run = [=](const std::vector<Tensor>& in) { return pool2d(in[0], kind, geometry); };
  op.reference = [=](const std::vector<Values>& in) { return reference_pool(in[0], shape, kind, geometry); };
  op.output = {shape[0], (shape[1] + 2 * geometry.padding - geometry.kernel) / geometry.stride + 1,
               (shape[2] + 2 * geometry.padding - geometry.kernel) / geometry.stride + 1, shape[3]};
  op.sum_length = geometry.kernel * geometry.kernel;
  // More values than bf16 tells apart in [-1, 1] would tie, where a maximum has no derivative.
  if (kind == PoolKind::max && shape.size() > 250) op.dtypes = {DType::f32, DType::f64};
  return op;
}

inline OpCase global_average_case(const std::string& name, const Shape& shape) {
  OpCase op;
  op.name = "global_average_pool_" + name;
  op.inputs = {{.shape = shape}};
  op.run = [](const std::vector<Tensor>& in) { return global_average_pool(in[0]); };
  op.reference = [shape](const std::vector<Values>& in) {
    const int64_t pixels = shape[1] * shape[2], C = shape[3];
    Values y(shape[0] * C);
    for (int64_t i = 0; i < shape.size(); ++i) y[i / (pixels * C) * C + i % C] += in[0][i] / double(pixels);
    return y;
  };
  op.output = {shape[0], shape[3]};
  op.sum_length = shape[1] * shape[2];
  return op;
}

inline std::vector<OpCase> pooling_cases() {
  std::vector<OpCase> cases;
  for (PoolKind kind : {PoolKind::max, PoolKind::average}) {
    cases.push_back(pool_case("2x2", {2, 4, 6, 5}, kind, {}));
    cases.push_back(pool_case("2x2_odd", {2, 5, 7, 3}, kind, {}));
    cases.push_back(pool_case("3x3_padded", {2, 5, 6, 4}, kind, {.kernel = 3, .stride = 2, .padding = 1}));
    cases.push_back(pool_case("overlapping", {1, 6, 6, 33}, kind, {.kernel = 3, .stride = 1, .padding = 1}));
    cases.push_back(pool_case("gaps", {2, 8, 7, 3}, kind, {.kernel = 2, .stride = 3}));
    cases.push_back(pool_case("5x5", {1, 9, 8, 3}, kind, {.kernel = 5, .stride = 3, .padding = 2}));
    cases.push_back(pool_case("16x16", {1, 17, 16, 2}, kind, {.kernel = 16, .stride = 1}));
    cases.push_back(pool_case("300_channels", {1, 3, 3, 300}, kind, {.kernel = 2, .stride = 1}));
    cases.push_back(pool_case("whole_map", {3, 4, 4, 1}, kind, {.kernel = 4, .stride = 1}));
    cases.push_back(pool_case("empty", {0, 4, 4, 3}, kind, {}));
    cases.push_back(pool_case("no_channels", {2, 4, 4, 0}, kind, {}));
  }
  cases.push_back(pool_case("pixels_only", {2, 5, 6, 4}, PoolKind::average,
                            {.kernel = 3, .stride = 2, .padding = 1, .count_padding = false}));
  cases.push_back(global_average_case("64_channels", {3, 7, 7, 64}));
  cases.push_back(global_average_case("3_channels", {2, 40, 31, 3}));
  cases.push_back(global_average_case("1_channel", {2, 28, 28, 1}));
  cases.push_back(global_average_case("513_channels", {2, 2, 3, 513}));
  cases.push_back(global_average_case("one_pixel", {4, 1, 1, 33}));
  cases.push_back(global_average_case("empty", {0, 4, 4, 3}));
  return cases;
}

}  // namespace cucurbit::test
