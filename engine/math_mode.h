#pragma once

#include "engine/enum_names.h"

/// Which implementation computes the matrix products and convolutions of layers.
namespace cucurbit {

enum class Math {
  vendor,  ///< cuBLAS and cuDNN
  own,     ///< kernels/gemm.h, kernels/conv.h and kernels/depthwise_conv.h
};
constexpr auto names_of(Math) { return enum_names<Math>({{Math::vendor, "vendor"}, {Math::own, "own"}}); }

/// The choice for the whole program; vendor unless set. Every op reads it when it runs, forward and backward.
Math math_mode();
void set_math_mode(Math math);

}  // namespace cucurbit
