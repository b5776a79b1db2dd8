#include "address_note.h"

#include "memory.h"

/// Describes addresses by the allocations next to them.

namespace softgpu {
namespace {

std::string text_of(const Neighbour& near) {
  const std::string distance = std::to_string(near.distance) + " bytes ";
  const std::string allocation = "an allocation of " + std::to_string(near.bytes) + " bytes of device memory";
  switch (near.where) {
    case Neighbour::inside:
      return distance + "into " + allocation;
    case Neighbour::beyond:
      return distance + "beyond the end of " + allocation;
    case Neighbour::before:
      return distance + "before the start of " + allocation;
    case Neighbour::freed:
      return distance + "into " + allocation + " that was freed";
    case Neighbour::nothing:
      break;
  }
  return "not near any device memory";
}

}  // namespace

Party party_at(std::string what, const void* return_address) {
  if (return_address == nullptr) return {std::move(what), "", 0, "", {}};
  SourcePlace place = locate(return_address);
  return {std::move(what), std::move(place.file), place.line, std::move(place.function), {}};
}

AddressNote describe_address(const void* address) {
  const Neighbour near = memory_map().neighbour(address);
  AddressNote note{text_of(near), {}};
  if (near.site != nullptr) note.allocated = party_at("allocated", near.site);
  return note;
}

}  // namespace softgpu
