#pragma once

#include <cstdint>

#include "cuda_bf16.h"

/// What is computed after a product of oneDNN.

namespace softgpu::onednn {

enum class Activation { kIdentity, kRelu, kReluDropNan };

/// What is done with a product whose scalars are not the common ones:
///
///   out[r, c] = f(alpha * product[r, c] + beta * prior[r, c] + bias[c])
///
///   product  [rows, cols] contiguous, or null for zero
///   out      [rows, cols], rows `stride` elements apart
///   prior    like out, which it may be; not read when beta is 0
///   bias     [cols], or null for zero
///
/// The result is rounded once, to T. kRelu passes NaN on; kReluDropNan turns it into 0.
template <class Accumulator, class T>
struct Epilogue {
  int64_t rows = 0, cols = 0, stride = 0;
  Accumulator alpha = 1, beta = 0;
  const T* prior = nullptr;
  const T* bias = nullptr;
  Activation activation = Activation::kIdentity;

  void operator()(const Accumulator* product, T* out) const;
};

/// values = max(values, 0), which passes NaN on; [count].
void relu_in_place(float* values, int64_t count);
void relu_in_place(__nv_bfloat16* values, int64_t count);

extern template struct Epilogue<float, float>;
extern template struct Epilogue<float, __nv_bfloat16>;
extern template struct Epilogue<double, double>;

}  // namespace softgpu::onednn
