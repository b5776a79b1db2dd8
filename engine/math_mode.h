#pragma once

#include "engine/enum_names.h"

/// Which code multiplies in linear layers and convolutions.
namespace cucurbit {

enum class Math {
  vendor,  ///< cuBLAS and cuDNN
  own,     ///< kernels/gemm.h, kernels/conv.h and kernels/depthwise_conv.h
};
constexpr auto names_of(Math) { return enum_names<Math>({{Math::vendor, "vendor"}, {Math::own, "own"}}); }

/// The way chosen for the whole program; vendor unless set. Read by every op when it runs, forward and backward.
Math math_mode();
void set_math_mode(Math math);

}  // namespace cucurbit
