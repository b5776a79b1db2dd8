#pragma once

#include <cstdint>

namespace softgpu::check {

/// The next value of a counter of `counters`. When a counter overflows, all of them start over and every access is
/// forgotten, because old and new numbers cannot be compared.
uint32_t next_serial();
uint32_t next_tick();

/// Gives the live blocks new numbers after the counters have started over.
void renumber_blocks();

}  // namespace softgpu::check
