#pragma once

#include <optional>
#include <string>

#include "finding.h"

namespace softgpu {

/// A party whose place is given by a return address; it has no place when the address is null.
Party party_at(std::string what, const void* return_address);

/// How an address relates to device memory.
struct AddressNote {
  std::string text;                ///< "8 bytes beyond the end of an allocation of 4000 bytes of device memory"
  std::optional<Party> allocated;  ///< the call that allocated it, when known
};
/// The caller holds memory_mutex().
AddressNote describe_address(const void* address);

}  // namespace softgpu
