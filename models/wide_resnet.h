#pragma once

#include "models/registry.h"

// Wide residual networks: Zagoruyko, Komodakis, Wide Residual Networks, BMVC 2016. "wrn:D-W": depth D = 6 n + 4, widths
// 16 W, 32 W, 64 W; also by name, "wrn40-2". Pre-activation blocks; dropout between the two convolutions of each.
//
// Taps: "stage1" to "stage3" are the sums at the ends of the stages, "stage1.preact" to "stage3.preact" are the outputs
// of the batch norms that follow, before their ReLU.
namespace cucurbit {

std::vector<ModelFamily> wide_resnet_families();

}  // namespace cucurbit
