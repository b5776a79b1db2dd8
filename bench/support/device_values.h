#pragma once

#include "engine/tensor.h"

namespace cucurbit::bench {

/// f32 values as a tensor of type f32 or bf16.
inline Tensor on_device(const std::vector<float>& values, const Shape& shape, DType dtype) {
  if (dtype == DType::f32) return Tensor::from_host(values, shape);
  std::vector<bf16> rounded;
  rounded.reserve(values.size());
  for (float value : values) rounded.push_back(__float2bfloat16(value));
  return Tensor::from_host(rounded, shape);
}

/// The values of an f32 or bf16 tensor.
inline std::vector<float> to_floats(const Tensor& tensor) {
  if (tensor.dtype() == DType::f32) return tensor.to_host<float>();
  std::vector<float> values;
  values.reserve(size_t(tensor.size()));
  for (bf16 value : tensor.to_host<bf16>()) values.push_back(__bfloat162float(value));
  return values;
}

}  // namespace cucurbit::bench
