#pragma once

#include <cstdint>

namespace softgpu::check {

/// The next value of a counter of `counters`. A counter that is used up makes all of them start over: every access is
/// forgotten, since old and new numbers cannot be compared.
uint32_t next_serial();
uint32_t next_tick();

/// Gives the live blocks new numbers, after the counters started over.
void renumber_blocks();

}  // namespace softgpu::check
