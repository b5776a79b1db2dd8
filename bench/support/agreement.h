#pragma once

#include <string>

#include "engine/tensor.h"

namespace cucurbit::bench {

/// Empty if two f32 or bf16 tensors agree within `tolerance` times the largest magnitude of `expected`; otherwise a
/// description of the first difference. NaN never agrees. Called before timing: a wrong result is not worth timing.
std::string disagreement(const Tensor& got, const Tensor& expected, double tolerance);

/// The tolerance for sums of a few thousand rounded terms.
inline double tolerance_of(DType dtype) { return dtype == DType::bf16 ? 2e-2 : 1e-4; }

}  // namespace cucurbit::bench
