#include "arena.h"
#include "finding.h"
#include "memory.h"
#include "strict.h"

namespace softgpu {
namespace {

Party party_at(std::string what, const void* return_address) {
  if (return_address == nullptr) return {std::move(what), "", 0, "", {}};
  SourcePlace place = locate(return_address);
  return {std::move(what), std::move(place.file), place.line, std::move(place.function), {}};
}

/// The instruction itself, where locate() wants a return address.
const void* after(const void* pc) { return static_cast<const char*>(pc) + 1; }

void report_host_access(const void* address, const void* pc, bool is_write) {
  const AddressNote note = describe_address(address);
  const std::string access = is_write ? "writes" : "reads";
  Finding finding{"strict", "host-access", "host code " + access + " device memory: " + note.text, "", {}, ""};
  finding.parties.push_back(party_at("host " + access, after(pc)));
  if (note.allocation_site != nullptr) finding.parties.push_back(party_at("allocated", note.allocation_site));
  finding.hint = "copy with cudaMemcpy: a device pointer means nothing to the host";
  report_finding(finding);
}

/// Device work touched what is not allocated, in a mode that cannot make the launch fail for it.
void report_device_access(const void* address, const void* pc, bool is_write) {
  const AddressNote note = describe_address(address);
  const std::string access = is_write ? "write" : "read";
  Finding finding{"memcheck", "out-of-bounds", "device code touches what is not allocated: " + note.text, "", {}, ""};
  finding.parties.push_back(party_at("device " + access, after(pc)));
  if (note.allocation_site != nullptr) finding.parties.push_back(party_at("allocated", note.allocation_site));
  finding.hint = "a bounds check, or memory that was freed before the work had run";
  report_finding(finding);
}

void report_host_race(const PinnedUse& use, const void* pc, bool is_write) {
  const std::string who = use.kernel != nullptr ? kernel_name(use.kernel) : use.call;
  const std::string access = is_write ? "writes" : "reads";
  Finding finding{"strict", "host-race", "", "", {}, ""};
  finding.message = "host " + access + " pinned memory which " + who +
                    ", on a stream that nothing has synchronised, still " + (use.written ? "writes" : "reads");
  finding.parties.push_back(party_at("host " + access, after(pc)));
  finding.parties.push_back(party_at(who + " enqueued", use.site));
  finding.hint = "cudaStreamSynchronize or cudaEventSynchronize before the host touches it";
  report_finding(finding);
}

bool pinned_fault(const void* address, const void* pc, bool is_write) {
  const Allocation* const block = memory_map().find_containing(address);
  if (block == nullptr || block->kind != MemoryKind::host) return false;
  if (const PinnedUse* use = conflicting_use(address, is_write)) report_host_race(*use, pc, is_write);
  release_page(address);
  return true;
}

}  // namespace

bool strict_fault(const void* address, const void* pc, bool is_write) {
  std::lock_guard lock(memory_mutex());
  if (!arena_contains(address)) return pinned_fault(address, pc, is_write);
  if (device_memory_open()) {
    report_device_access(address, pc, is_write);
  } else {
    report_host_access(address, pc, is_write);
  }
  return false;
}

AddressNote describe_address(const void* address) {
  const Neighbour near = memory_map().neighbour(address);
  const std::string distance = std::to_string(near.distance) + " bytes ";
  const std::string size = std::to_string(near.bytes) + " bytes of device memory";
  switch (near.where) {
    case Neighbour::inside:
      return {distance + "into " + size, near.site};
    case Neighbour::beyond:
      return {distance + "beyond the end of " + size, near.site};
    case Neighbour::before:
      return {distance + "before the start of " + size, near.site};
    case Neighbour::freed:
      return {distance + "into " + size + " that were freed", near.site};
    case Neighbour::nothing:
      break;
  }
  return {"an address without an allocation", nullptr};
}

}  // namespace softgpu
