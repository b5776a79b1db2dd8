#include "distill/run/predictions.h"

#include <algorithm>
#include <cmath>

namespace cucurbit {

std::vector<Prediction> predictions_of(std::span<const float> logits, size_t classes) {
  std::vector<Prediction> predictions;
  for (size_t row = 0; row * classes < logits.size(); ++row) {
    const float* const first = logits.data() + row * classes;
    const float* const largest = std::max_element(first, first + classes);
    double sum = 0;
    for (size_t c = 0; c < classes; ++c) sum += std::exp(double(first[c]) - double(*largest));
    predictions.push_back({int32_t(largest - first), 1 / sum});
  }
  return predictions;
}

}  // namespace cucurbit
