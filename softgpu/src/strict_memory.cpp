#include <algorithm>

#include "arena.h"
#include "memory.h"
#include "strict.h"

/// Device memory is inaccessible by default. The allocations that an operation is known to access are opened before it
/// runs, until host code runs again. A vendor routine accesses no others: this is required, because faults inside
/// oneDNN's generated code were seen to corrupt the heap. Allocations that a kernel reaches in other ways, through
/// pointers in structs or in memory, are opened by the fault of the first access.

namespace softgpu {
namespace {

/// The number of DeviceAccess objects that are alive. Guarded by memory_mutex().
int open_count = 0;

}  // namespace

bool device_memory_open() { return open_count > 0; }

bool open_device_memory(const void* address) {
  if (!arena_contains(address)) return false;
  std::lock_guard lock(memory_mutex());
  return open_count > 0 && memory_map().open_pages(address);
}

std::vector<const void*> allocations_of(const Submission& submission) {
  std::vector<const void*> found;
  for (const Use& use : submission.uses) {
    if (!arena_contains(use.address)) continue;
    const Allocation* const block = memory_map().find_containing(use.address);
    if (block != nullptr) found.push_back(block->address);
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

void open_allocations(const std::vector<const void*>& allocations) {
  for (const void* address : allocations) memory_map().open_pages(address);
}

DeviceAccess::DeviceAccess() {
  std::lock_guard lock(memory_mutex());
  if (open_count++ == 0) open_pinned();
}

DeviceAccess::~DeviceAccess() {
  std::lock_guard lock(memory_mutex());
  if (--open_count > 0) return;
  memory_map().close_pages();
  close_pinned();
}

HostAccess::HostAccess() {
  if (!strict()) return;
  std::lock_guard lock(memory_mutex());
  --open_count;
  closed_ = memory_map().close_pages();
  close_pinned();
}

HostAccess::~HostAccess() {
  if (!strict()) return;
  std::lock_guard lock(memory_mutex());
  ++open_count;
  for (const void* address : closed_) memory_map().open_pages(address);
  open_pinned();
}

}  // namespace softgpu
