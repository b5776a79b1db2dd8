#include <cstdint>
#include <iterator>
#include <map>
#include <mutex>

#include "check.h"
#include "operations.h"
#include "record.h"

/// What the runtime does with memory: allocations, copies, fills and vendor routines.

namespace softgpu::check {
namespace {

struct Allocations {
  std::mutex mutex;  // a host thread may allocate memory while the work of another one runs
  std::map<uintptr_t, size_t> sizes;
};

Allocations& allocations() {
  static Allocations& allocations = *new Allocations;
  return allocations;
}

/// Records an access to a part of a page. A write of the whole page needs only one cell.
template <Effect kEffect>
void check_page(Page& page, uintptr_t address, size_t bytes, const Access& now) {
  const bool whole = bytes == kPageBytes;
  if (!whole) {
    refine(page, (address | bytes) % 4 == 0 ? 2 : 0);
  } else if (page.cells == nullptr) {
    coarsen(page, {});
  }
  Cell* const first = page.cells + (address % kPageBytes >> page.shift);
  Cell* const end = first + (bytes >> page.shift);
  for (Cell* cell = first; cell < end; ++cell) {
    if constexpr (kEffect == Effect::read) {
      read_cell<false>(*cell, now, address, false);
    } else {
      write_cell<false>(*cell, now, address, false);
    }
    address += size_t{1} << page.shift;
  }
  if (kEffect == Effect::write && whole) coarsen(page, {.writer = now});
}

/// Records one access to the whole range, in an operation of its own if none is open. Calls visit(page, address, bytes,
/// access) for the part on each page.
template <Effect kEffect, class Visit>
void access_pages(const void* first, size_t bytes, const char* operation, Visit visit) {
  const bool alone = !operation_open();
  begin_other_part();
  const Access now{(reinterpret_cast<uintptr_t>(operation) & kCodeMask) | (kEffect == Effect::write ? kWrite : 0) |
                       kByOperation << kSizeShift,
                   running.when};
  for_each_page(reinterpret_cast<uintptr_t>(first), bytes, [&](uintptr_t address, size_t part) {
    Page* const page = find_page(address);
    if (page == nullptr) return;
    visit(*page, address, part, now);
    if (check_races) check_page<kEffect>(*page, address, part, now);
  });
  if (alone) end_operation();
}

void report_if_undefined(Page& page, uintptr_t address, size_t bytes, const Access& now) {
  const size_t offset = first_undefined(page, address, bytes);
  if (offset == bytes) return;
  report_undefined(now, address + offset, bytes - offset);
  set_defined(page, address, bytes);
}

void copy_undefined(uintptr_t to, uintptr_t from, size_t bytes) {
  for_each_page(to, bytes, [&](uintptr_t target, size_t rest) {
    Page* const page = find_page(target);
    if (page == nullptr) return;
    for_each_page(from + (target - to), rest, [&](uintptr_t source, size_t part) {
      copy_undefined(*page, to + (source - from), find_page(source), source, part);
    });
  });
}

/// Whether any allocation still has bytes on the page.
bool in_use(const std::map<uintptr_t, size_t>& sizes, uintptr_t page) {
  const auto after = sizes.lower_bound(page + kPageBytes);
  if (after == sizes.begin()) return false;
  const auto& [first, bytes] = *std::prev(after);
  return first + bytes > page;
}

}  // namespace

bool find_allocation(uintptr_t address, uintptr_t& first, size_t& bytes) {
  Allocations& all = allocations();
  std::lock_guard lock(all.mutex);
  auto after = all.sizes.upper_bound(address);
  if (after == all.sizes.begin()) return false;
  --after;
  first = after->first;
  bytes = after->second;
  return address - first < bytes;
}

void allocated(const void* address, size_t bytes) {
  Allocations& all = allocations();
  std::lock_guard lock(all.mutex);
  const auto first = reinterpret_cast<uintptr_t>(address);
  all.sizes[first] = bytes;
  for_each_page(first, bytes, [](uintptr_t at, size_t part) {
    Page& page = open_page(at);
    page.memory = Memory::global;
    forget(page, at, part);
    if (check_undefined) set_undefined(page, at, part);
  });
}

void freed(const void* address, size_t bytes) {
  Allocations& all = allocations();
  std::lock_guard lock(all.mutex);
  const auto first = reinterpret_cast<uintptr_t>(address);
  all.sizes.erase(first);
  for_each_page(first, bytes, [&](uintptr_t at, size_t part) {
    Page& page = open_page(at);
    if (in_use(all.sizes, at / kPageBytes * kPageBytes)) {
      forget(page, at, part);
      set_defined(page, at, part);
    } else {
      clear(page);
      page.memory = Memory::none;
    }
  });
}

void reads(const void* first, size_t bytes, const char* operation) {
  access_pages<Effect::read>(first, bytes, operation, report_if_undefined);
}

void writes(const void* first, size_t bytes, const char* operation) {
  access_pages<Effect::write>(first, bytes, operation, [](Page& page, uintptr_t address, size_t part, const Access&) {
    set_defined(page, address, part);
  });
}

void copies(void* dst, const void* src, size_t bytes) {
  constexpr const char* kOperation = "a copy from device to device";
  const auto nothing_more = [](Page&, uintptr_t, size_t, const Access&) {};
  access_pages<Effect::read>(src, bytes, kOperation, nothing_more);
  access_pages<Effect::write>(dst, bytes, kOperation, nothing_more);
  copy_undefined(reinterpret_cast<uintptr_t>(dst), reinterpret_cast<uintptr_t>(src), bytes);
}

}  // namespace softgpu::check
