#include <sys/mman.h>

#include <algorithm>

#include "arena.h"
#include "memory.h"
#include "strict.h"

/// The host may not write pinned memory that queued work will read, and may not access pinned memory that it will
/// write.

namespace softgpu {
namespace {

std::vector<PinnedUse>& pending() {
  static std::vector<PinnedUse>& uses = *new std::vector<PinnedUse>;
  return uses;
}

void protect_pages(const PinnedUse& use, int protection) {
  const uintptr_t begin = use.begin / kPage * kPage;
  mprotect(reinterpret_cast<void*>(begin), use.end - begin, protection);
}

/// Sets the protection of the pages of these uses. Pages that are both read and written become inaccessible.
void protect(const std::vector<PinnedUse>& uses) {
  for (const PinnedUse& use : uses) {
    if (!use.written) protect_pages(use, PROT_READ);
  }
  for (const PinnedUse& use : uses) {
    if (use.written) protect_pages(use, PROT_NONE);
  }
}

}  // namespace

Submission submission_of(const KernelCall& call, const void* site) {
  Submission submission{"", call.kernel, site, {}};
  for (const PointerArgument& pointer : call.pointers(call.arguments)) {
    submission.uses.push_back({pointer.address, Use::kToTheEnd, pointer.written});
  }
  return submission;
}

void add_pinned_uses(uint64_t operation, const Submission& submission) {
  bool added = false;
  for (const Use& use : submission.uses) {
    const Allocation* const block = memory_map().find_containing(use.address);
    if (block == nullptr || block->kind != MemoryKind::host) continue;
    const auto begin = reinterpret_cast<uintptr_t>(use.address);
    const auto most = reinterpret_cast<uintptr_t>(block->address) + block->bytes - begin;
    pending().push_back({operation, begin, begin + std::min<uintptr_t>(use.bytes, most), use.written, submission.call,
                         submission.kernel, submission.site});
    added = true;
  }
  if (added && !device_memory_open()) protect(pending());
}

void remove_pinned_uses(uint64_t operation) {
  std::erase_if(pending(), [&](const PinnedUse& use) {
    if (use.operation != operation) return false;
    protect_pages(use, PROT_READ | PROT_WRITE);
    return true;
  });
}

void forget_pinned_uses() {
  open_pinned();
  pending().clear();
}

void open_pinned() {
  for (const PinnedUse& use : pending()) protect_pages(use, PROT_READ | PROT_WRITE);
}

void close_pinned() { protect(pending()); }

const PinnedUse* conflicting_use(const void* address, bool is_write) {
  const auto at = reinterpret_cast<uintptr_t>(address);
  for (const PinnedUse& use : pending()) {
    if (use.begin <= at && at < use.end && (use.written || is_write)) return &use;
  }
  return nullptr;
}

void release_page(const void* address) {
  mprotect(reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(address) / kPage * kPage), kPage,
           PROT_READ | PROT_WRITE);
}

}  // namespace softgpu
