#pragma once

#include <cstddef>
#include <cstdint>

namespace softgpu::check {

/// The allocation of device memory that holds the address.
bool find_allocation(uintptr_t address, uintptr_t& first, size_t& bytes);

}  // namespace softgpu::check
