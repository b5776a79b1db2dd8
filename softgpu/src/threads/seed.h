#pragma once

#include <cstdint>

namespace softgpu {

/// SOFTGPU_SEED: the order of lanes and warps, and of streams under SOFTGPU_STRICT. 0, the default, is the natural
/// order of lanes and warps. A value that is not a number is reported on stderr and ends the program with status 2.
uint64_t random_seed();

}  // namespace softgpu
