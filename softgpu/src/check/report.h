#pragma once

#include <cstddef>
#include <cstdint>

#include "shadow.h"

/// What was found is kept until the launch or operation ends and reported then, on a stack that has room for it.

namespace softgpu::check {

/// Two accesses of `address` that nothing orders.
void report_race(const Access& earlier, const Access& now, uintptr_t address);

/// A read of bytes that nothing wrote.
void report_undefined(const Access& now, uintptr_t address, size_t bytes);

void flush_findings();

}  // namespace softgpu::check
