#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace cucurbit {

struct Prediction {
  int32_t label;
  double probability;  // by softmax
};

/// Of each row of `logits` [rows, classes] the largest; of equal ones the first.
std::vector<Prediction> predictions_of(std::span<const float> logits, size_t classes);

}  // namespace cucurbit
