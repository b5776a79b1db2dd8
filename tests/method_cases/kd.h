#pragma once

#include "distill/methods/kd.h"
#include "method_cases/method_case.h"

namespace cucurbit::test {

inline MethodCase kd_case() {
  return {"kd",
          [](const DistillInputs& inputs, const LossWeights& weights) { return kd_composed(inputs, 4., weights); }};
}

}  // namespace cucurbit::test
