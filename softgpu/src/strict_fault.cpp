#include "address_note.h"
#include "arena.h"
#include "finding.h"
#include "memory.h"
#include "strict.h"

namespace softgpu {
namespace {

/// locate() expects a return address and looks at the instruction before it; `pc` is the instruction itself.
const void* after(const void* pc) { return static_cast<const char*>(pc) + 1; }

/// Reports `finding` after appending to its message what is known about the address.
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
                 "copy the data with cudaMemcpy: host code cannot follow a device pointer"},
                "host " + verb, address, pc);
}

/// Reports that device work accessed memory that is not allocated, in a mode that cannot make the launch fail for it.
void report_device_access(const void* address, const void* pc, bool is_write) {
  report_access({"memcheck",
                 "out-of-bounds",
                 "device code accesses memory that is not allocated: ",
                 "",
                 {},
                 "check the index against the size of the array, and free memory only after the work that uses it"},
                is_write ? "device write" : "device read", address, pc);
}

void report_host_race(const PinnedUse& use, const void* pc, bool is_write) {
  const std::string who = use.kernel != nullptr ? kernel_name(use.kernel) : use.call;
  const std::string access = is_write ? "writes" : "reads";
  Finding finding{"strict", "host-race", "", "", {}, ""};
  finding.message = "host code " + access + " pinned memory that " + who + " still " +
                    (use.written ? "writes" : "reads") + ", on a stream that nothing has synchronised";
  finding.parties.push_back(party_at("host " + access, after(pc)));
  finding.parties.push_back(party_at(who + " enqueued", use.site));
  finding.hint = "call cudaStreamSynchronize or cudaEventSynchronize before the host accesses the memory";
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
