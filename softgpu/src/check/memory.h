#pragma once

#include <cstddef>
#include <cstdint>

namespace softgpu::check {

/// Finds the allocation of device memory that contains the address; false when there is none.
bool find_allocation(uintptr_t address, uintptr_t& first, size_t& bytes);

}  // namespace softgpu::check
