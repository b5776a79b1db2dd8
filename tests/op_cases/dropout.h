#pragma once

#include "engine/ops/dropout.h"
#include "op_cases/op_case.h"

namespace cucurbit::test {

/// Word `word` of the published algorithm by the letter.
inline uint32_t reference_random(uint64_t seed, int64_t step, uint32_t purpose, uint32_t index, int64_t word) {
  uint32_t c[4] = {index, uint32_t(step), uint32_t(uint64_t(step) >> 32), purpose};
  uint32_t k[2] = {uint32_t(seed), uint32_t(seed >> 32)};
  for (int round = 0; round < 10; ++round) {
    const uint64_t p = uint64_t(c[0]) * 0xd2511f53u, q = uint64_t(c[2]) * 0xcd9e8d57u;
    const uint32_t next[4] = {uint32_t(q >> 32) ^ c[1] ^ k[0], uint32_t(q), uint32_t(p >> 32) ^ c[3] ^ k[1],
                              uint32_t(p)};
    std::copy(next, next + 4, c);
    k[0] += 0x9e3779b9u;
    k[1] += 0xbb67ae85u;
  }
  return c[word];
}

/// Elements of a tile share draws in fours; samples have one each. Purpose 3.
inline uint32_t reference_dropout_bits(uint64_t seed, int64_t micro_batch, int64_t element) {
  const int64_t tile = element / 2048, at = element % 2048;
  return reference_random(seed, micro_batch, 0xd0000003u, uint32_t(tile * 512 + at % 512), at / 512);
}
inline uint32_t reference_drop_path_bits(uint64_t seed, int64_t micro_batch, int64_t sample) {
  return reference_random(seed, micro_batch, 0xd8000003u, uint32_t(sample), 0);
}

/// The step state is the second input, as ten 32-bit words.
inline OpCase dropout_case(float probability, const Shape& shape, const std::string& size, bool paths = false) {
  static_assert(sizeof(StepState) == 10 * sizeof(int32_t));
  OpCase op;
  op.name = (paths ? "drop_path_" : "dropout_") + size;
  op.inputs = {{.shape = shape}, {.shape = {10}, .kind = Input::Kind::labels, .low = 0, .high = 1 << 30}};
  op.run = [=](const std::vector<Tensor>& in) {
    const auto* state = static_cast<const StepState*>(in[1].raw());
    return paths ? drop_path(in[0], probability, state, 3) : dropout(in[0], probability, state, 3);
  };
  op.reference = [=](const std::vector<Values>& in) {
    const auto word = [&](int i) { return uint64_t(in[1][i]) | uint64_t(in[1][i + 1]) << 32; };
    Values y;
    for (size_t i = 0; i < in[0].size(); ++i) {
      const auto micro_batch = int64_t(word(2)), sample = int64_t(i) / (shape.size() / shape[0]);
      const uint32_t bits = paths ? reference_drop_path_bits(word(0), micro_batch, sample)
                                  : reference_dropout_bits(word(0), micro_batch, int64_t(i));
      y.push_back(bits / 4294967296.0 < probability ? 0 : in[0][i] / (1 - double(probability)));
    }
    return y;
  };
  op.output = shape;
  return op;
}

inline std::vector<OpCase> dropout_cases() {
  return {dropout_case(0.25f, {3, 1025}, "quarter"),
          dropout_case(0.9f, {7, 601}, "most"),
          dropout_case(0.5f, {1}, "one"),
          dropout_case(0, {33}, "none"),
          dropout_case(0.5f, {0, 3}, "empty"),
          dropout_case(0.25f, {33, 2, 2, 3}, "quarter", true),
          dropout_case(0.5f, {5, 7, 31, 16}, "half", true),
          dropout_case(0.9f, {64, 1}, "most", true),
          dropout_case(0, {3, 5}, "none", true),
          dropout_case(0.5f, {0, 3}, "empty", true)};
}

}  // namespace cucurbit::test
