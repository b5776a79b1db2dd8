#include "address_note.h"
#include "arena.h"
#include "finding.h"
#include "memory.h"
#include "strict.h"

namespace softgpu {
namespace {

/// The instruction itself, where locate() wants a return address.
const void* after(const void* pc) { return static_cast<const char*>(pc) + 1; }

/// `finding` with a message that what is known of the address completes.
void report_access(Finding finding, const std::string& access, const void* address, const void* pc) {
  AddressNote note = describe_address(address);
  finding.message += note.text;
  finding.parties.push_back(party_at(access, after(pc)));
  if (note.allocated.has_value()) finding.parties.push_back(std::move(*note.allocated));
  report_finding(finding);
}

void report_host_access(const void* address, const void* pc, bool is_write) {
  const std::string verb = is_write ? "writes" : "reads";
  report_access({"strict",
                 "host-access",
                 "host code " + verb + " device memory: ",
                 "",
                 {},
                 "copy with cudaMemcpy: a device pointer means nothing to the host"},
                "host " + verb, address, pc);
}

/// Device work touched what is not allocated, in a mode that cannot make the launch fail for it.
void report_device_access(const void* address, const void* pc, bool is_write) {
  report_access({"memcheck",
                 "out-of-bounds",
                 "device code touches what is not allocated: ",
                 "",
                 {},
                 "a bounds check, or memory that was freed before the work had run"},
                is_write ? "device write" : "device read", address, pc);
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

}  // namespace softgpu
