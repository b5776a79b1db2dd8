#pragma once

#include "engine/ops/channels.h"
#include "op_cases/op_case.h"

namespace cucurbit::test {

inline Shape map_of(int64_t channels) { return {2, 3, 5, channels}; }
inline constexpr int64_t kMapPixels = 30;

inline OpCase concat_case(const std::vector<int64_t>& channels) {
  OpCase op;
  op.name = "concat_channels";
  int64_t total = 0;
  for (const int64_t count : channels) {
    op.name += "_" + std::to_string(count);
    op.inputs.push_back({.shape = map_of(count)});
    total += count;
  }
  op.run = [](const std::vector<Tensor>& in) { return concat_channels(in); };
  op.reference = [channels](const std::vector<Values>& in) {
    Values y;
    for (int64_t pixel = 0; pixel < kMapPixels; ++pixel)
      for (size_t part = 0; part < in.size(); ++part)
        for (int64_t c = 0; c < channels[part]; ++c) y.push_back(in[part][size_t(pixel * channels[part] + c)]);
    return y;
  };
  op.output = map_of(total);
  return op;
}

inline OpCase slice_case(int64_t channels, int64_t begin, int64_t end) {
  OpCase op;
  op.name =
      "slice_channels_" + std::to_string(begin) + "_to_" + std::to_string(end) + "_of_" + std::to_string(channels);
  op.inputs = {{.shape = map_of(channels)}};
  op.run = [=](const std::vector<Tensor>& in) { return slice_channels(in[0], begin, end); };
  op.reference = [=](const std::vector<Values>& in) {
    Values y;
    for (int64_t pixel = 0; pixel < kMapPixels; ++pixel)
      for (int64_t c = begin; c < end; ++c) y.push_back(in[0][size_t(pixel * channels + c)]);
    return y;
  };
  op.output = map_of(end - begin);
  return op;
}

inline OpCase shuffle_case(const std::string& name, const Shape& shape, int groups) {
  OpCase op;
  op.name = "shuffle_channels_" + name;
  op.inputs = {{.shape = shape}};
  op.run = [=](const std::vector<Tensor>& in) { return shuffle_channels(in[0], groups); };
  op.reference = [=](const std::vector<Values>& in) {
    const int64_t C = shape[-1], width = C / groups;
    Values y(in[0].size());
    for (int64_t row = 0; row < shape.size() / C; ++row)
      for (int64_t c = 0; c < C; ++c) y[size_t(row * C + c % width * groups + c / width)] = in[0][size_t(row * C + c)];
    return y;
  };
  op.output = shape;
  return op;
}

inline OpCase interleave_case(const std::string& name, const Shape& shape, bool same = false) {
  OpCase op;
  op.name = "interleave_channels_" + name;
  op.inputs = {{.shape = shape}};
  if (!same) op.inputs.push_back({.shape = shape});
  op.run = [](const std::vector<Tensor>& in) { return interleave_channels(in[0], in.back()); };
  op.reference = [](const std::vector<Values>& in) {
    Values y;
    for (size_t i = 0; i < in[0].size(); ++i) {
      y.push_back(in[0][i]);
      y.push_back(in.back()[i]);
    }
    return y;
  };
  std::vector<int64_t> dims = shape.dims();
  dims.back() *= 2;
  op.output = Shape(dims);
  return op;
}

inline std::vector<OpCase> channel_cases() {
  return {concat_case({58, 58}),
          concat_case({16, 32}),
          concat_case({216, 24}),
          concat_case({1, 2, 3}),
          concat_case({7}),
          concat_case({0, 5}),
          concat_case({1025, 31}),
          slice_case(116, 0, 58),
          slice_case(116, 58, 116),
          slice_case(64, 16, 48),
          slice_case(7, 3, 4),
          slice_case(5, 2, 2),
          slice_case(2100, 1, 2090),
          shuffle_case("2_groups", {2, 3, 5, 116}, 2),
          shuffle_case("3_groups", {1, 4, 4, 240}, 3),
          shuffle_case("4_groups", {2, 3, 3, 32}, 4),
          shuffle_case("one_each", {3, 7}, 7),
          shuffle_case("1_group", {3, 7}, 1),
          shuffle_case("wide", {3, 4098}, 2),
          shuffle_case("empty", {0, 4, 4, 6}, 2),
          interleave_case("58", {2, 3, 5, 58}),
          interleave_case("one", {1, 1}),
          interleave_case("two_blocks", {3, 1025}),
          interleave_case("same", {2, 3, 5, 7}, true),
          interleave_case("empty", {0, 4, 4, 6})};
}

}  // namespace cucurbit::test
