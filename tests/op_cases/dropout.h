#pragma once

#include "engine/ops/dropout.h"
#include "op_cases/op_case.h"

namespace cucurbit::test {

/// The published algorithm by the letter, one call for four elements.
inline uint32_t reference_random(uint64_t seed, int64_t step, uint32_t purpose, int64_t element) {
  const int64_t tile = element / 2048, at = element % 2048;
  uint32_t c[4] = {uint32_t(tile * 512 + at % 512), uint32_t(step), uint32_t(uint64_t(step) >> 32),
                   0xd0000000u + purpose};
  uint32_t k[2] = {uint32_t(seed), uint32_t(seed >> 32)};
  for (int round = 0; round < 10; ++round) {
    const uint64_t p = uint64_t(c[0]) * 0xd2511f53u, q = uint64_t(c[2]) * 0xcd9e8d57u;
    const uint32_t next[4] = {uint32_t(q >> 32) ^ c[1] ^ k[0], uint32_t(q), uint32_t(p >> 32) ^ c[3] ^ k[1],
                              uint32_t(p)};
    std::copy(next, next + 4, c);
    k[0] += 0x9e3779b9u;
    k[1] += 0xbb67ae85u;
  }
  return c[at / 512];
}

/// The step state is the second input, as eight 32-bit words.
inline OpCase dropout_case(float probability, const Shape& shape, const std::string& size) {
  static_assert(sizeof(StepState) == 8 * sizeof(int32_t));
  OpCase op;
  op.name = "dropout_" + size;
  op.inputs = {{.shape = shape}, {.shape = {8}, .kind = Input::Kind::labels, .low = 0, .high = 1 << 30}};
  op.run = [=](const std::vector<Tensor>& in) {
    return dropout(in[0], probability, static_cast<const StepState*>(in[1].raw()), 3);
  };
  op.reference = [=](const std::vector<Values>& in) {
    const auto word = [&](int i) { return uint64_t(in[1][i]) | uint64_t(in[1][i + 1]) << 32; };
    Values y;
    for (size_t i = 0; i < in[0].size(); ++i) {
      const bool dropped = reference_random(word(0), int64_t(word(2)), 3, int64_t(i)) / 4294967296.0 < probability;
      y.push_back(dropped ? 0 : in[0][i] / (1 - double(probability)));
    }
    return y;
  };
  op.output = shape;
  return op;
}

inline const RegisterOps dropout_ops{{dropout_case(0.25f, {3, 1025}, "quarter"), dropout_case(0.9f, {7, 601}, "most"),
                                      dropout_case(0.5f, {1}, "one"), dropout_case(0, {33}, "none"),
                                      dropout_case(0.5f, {0, 3}, "empty")}};

}  // namespace cucurbit::test
