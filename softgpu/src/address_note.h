#pragma once

#include <optional>
#include <string>

#include "finding.h"

namespace softgpu {

/// A party by the return address of its call; no place when that is null.
Party party_at(std::string what, const void* return_address);

/// What an address has to do with device memory.
struct AddressNote {
  std::string text;                ///< "8 bytes beyond the end of 4000 bytes of device memory"
  std::optional<Party> allocated;  ///< by which call, when that is known
};
/// The caller holds memory_mutex().
AddressNote describe_address(const void* address);

}  // namespace softgpu
