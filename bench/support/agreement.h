#pragma once

#include <string>

#include "engine/tensor.h"

namespace cucurbit::bench {

/// Empty if both f32 or bf16 tensors agree within `tolerance` times the largest magnitude of `want`; else what differs
/// most. NaN never agrees. Called before timing: a wrong result needs no speed.
std::string disagreement(const Tensor& got, const Tensor& want, double tolerance);

/// What sums of a few thousand rounded terms may differ by.
inline double tolerance_of(DType dtype) { return dtype == DType::bf16 ? 2e-2 : 1e-4; }

}  // namespace cucurbit::bench
