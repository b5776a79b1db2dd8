#pragma once

#include <cstddef>
#include <cstdint>

#include "shadow.h"

/// The findings of racecheck and initcheck. They are kept until the launch or operation ends and reported then, because
/// the stack of a CUDA thread may be too small for making a report.

namespace softgpu::check {

/// Notes that nothing orders these two accesses to `address`.
void report_race(const Access& earlier, const Access& now, uintptr_t address);

/// Notes a read of bytes that were never written.
void report_undefined(const Access& now, uintptr_t address, size_t bytes);

void flush_findings();

}  // namespace softgpu::check
