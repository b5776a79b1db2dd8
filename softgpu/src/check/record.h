#pragma once

#include <cstdint>

#include "report.h"
#include "running.h"
#include "settings.h"
#include "shadow.h"

/// What happens at an access. Every load and store of a kernel takes this path, so it is inline and, except for the
/// first access to a page, free of locks and allocations.

namespace softgpu::check {

enum class Effect { read, write, update };

constexpr uint64_t size_bits(unsigned bytes) { return static_cast<uint64_t>(__builtin_ctz(bytes)) << kSizeShift; }

/// A page of the running block's shared memory. Values that an earlier block left there count as undefined.
inline Page* shared_page(const SharedRange& range, uintptr_t address) {
  Page* const page = running.shared + range.page + ((address >> kPageShift) - (range.first >> kPageShift));
  if (page->block != running.serial) {
    page->block = running.serial;
    page->memory = Memory::shared;
    if (check_undefined) set_undefined(*page, 0, kPageBytes);
  }
  return page;
}

/// The page of an address; null when the memory is not checked.
inline Page* find_any_page(uintptr_t address) {
  if (const uintptr_t offset = address - static_shared.first; offset < static_shared.bytes) {
    if ((built_in[offset / 64] >> offset % 64 & 1) != 0) return nullptr;
    return shared_page(static_shared, address);
  }
  if (address - dynamic_shared.first < dynamic_shared.bytes) return shared_page(dynamic_shared, address);
  return find_page(address);
}

/// Whether the running thread made the known access since its last event, which makes another one redundant: nothing
/// that matters can have changed in between. An atomic access does not stand for a plain one.
template <bool kIsAtomic>
bool recorded(const Access& known) {
  return known.when == running.when && ((known.who ^ running.who) & kThreadMask) == 0 &&
         (kIsAtomic || (known.who & kAtomic) == 0);
}

/// Whether the access was made by the running block since its last barrier.
inline bool is_recent(const Access& access) {
  return serial_of(access) == running.serial && clock_of(access) >= running.at_barrier;
}

/// Remembers a read, or an atomic write that is being replaced, in place of an access that it makes superfluous. Of
/// accesses that nothing orders, the cell keeps two of different blocks if it can, otherwise two of different warps.
/// Then no later thread can be ordered after both merely because it belongs to the same block or warp.
inline void remember(Cell& cell, const Access& access, bool shared) {
  auto& [first, second] = cell.others;
  if (is_recent(first) && is_recent(second) && ((first.who ^ second.who) & kWarpMask) != 0) return;
  for (Access& other : cell.others) {
    if (other.when == 0 || comes_before(other, shared)) {
      other = access;
      return;
    }
  }
  const uint32_t serial = serial_of(access);
  if (serial_of(first) != serial_of(second)) return;
  if (serial != serial_of(first) ||
      (thread_of(first) / 32 == thread_of(second) / 32 && thread_of(access) / 32 != thread_of(first) / 32)) {
    second = access;
  }
}

/// Whether an access by the running thread races with an earlier one, given that one of the two writes.
template <bool kIsAtomic>
bool races(const Access& earlier, bool shared) {
  return !(kIsAtomic && (earlier.who & kAtomic) != 0) && !comes_before(earlier, shared);
}

template <bool kIsAtomic>
void read_cell(Cell& cell, const Access& now, uintptr_t address, bool shared) {
  if (recorded<kIsAtomic>(cell.writer)) return;
  for (const Access& other : cell.others) {
    if (recorded<kIsAtomic>(other)) return;
  }
  if (races<kIsAtomic>(cell.writer, shared)) report_race(cell.writer, now, address);
  for (const Access& other : cell.others) {
    if ((other.who & kWrite) != 0 && races<kIsAtomic>(other, shared)) report_race(other, now, address);
  }
  remember(cell, now, shared);
}

template <bool kIsAtomic>
void write_cell(Cell& cell, const Access& now, uintptr_t address, bool shared) {
  if (recorded<kIsAtomic>(cell.writer)) return;
  if (races<kIsAtomic>(cell.writer, shared)) report_race(cell.writer, now, address);
  for (Access& other : cell.others) {
    if (other.when == 0) continue;
    if (races<kIsAtomic>(other, shared)) report_race(other, now, address);
    // Atomic accesses do not order each other, so this one must be kept: a later plain access may race with it.
    if (!kIsAtomic || (other.who & kAtomic) == 0 || comes_before(other, shared)) other = {};
  }
  if (kIsAtomic && (cell.writer.who & kAtomic) != 0 && !comes_before(cell.writer, shared)) {
    remember(cell, cell.writer, shared);
  }
  cell.writer = now;
}

/// racecheck: compares the access with what the cells of its bytes remember, and records it there.
template <Effect kEffect, bool kIsAtomic>
void check_race(Page& page, uintptr_t address, unsigned bytes, const Access& now) {
  const unsigned shift = bytes >= 4 ? 2 : bytes / 2;
  if (page.cells == nullptr || page.shift > shift) [[unlikely]]
    refine(page, shift);
  const bool shared = page.memory == Memory::shared;
  Cell* cell = page.cells + (address % kPageBytes >> page.shift);
  Cell* const end = cell + (bytes >> page.shift);
  do {
    if constexpr (kEffect == Effect::read) {
      read_cell<kIsAtomic>(*cell, now, address, shared);
    } else {
      write_cell<kIsAtomic>(*cell, now, address, shared);
    }
  } while (++cell < end);
}

/// initcheck: reports a read of undefined bytes. They count as defined afterwards, so that each is reported once.
template <Effect kEffect>
void check_defined(Page& page, uintptr_t address, unsigned bytes, const Access& now) {
  if (page.undefined == nullptr) return;
  const uint64_t mask = ((uint64_t{1} << bytes) - 1) << address % 64;
  if ((page.undefined[address % kPageBytes / 64] & mask) == 0) return;
  if (kEffect != Effect::write) report_undefined(now, address, bytes);
  set_defined(page, address, bytes);
}

/// Records an access by the running CUDA thread to 1, 2, 4, 8 or 16 bytes, aligned to their number. `flags` are those
/// of Access::who.
template <Effect kEffect, bool kIsAtomic>
inline void record_aligned(uintptr_t address, unsigned bytes, const void* code, uint64_t flags) {
  Page* const page = find_any_page(address);
  if (page == nullptr) return;
  const Access now{(reinterpret_cast<uintptr_t>(code) & kCodeMask) | running.who | flags | size_bits(bytes),
                   running.when};
  check_defined<kEffect>(*page, address, bytes, now);
  if (check_races) check_race<kEffect, kIsAtomic>(*page, address, bytes, now);
}

/// Records an access of any size and alignment, in aligned pieces of at most 4 bytes.
template <Effect kEffect>
void record_range(uintptr_t address, size_t bytes, const void* code, uint64_t flags) {
  while (bytes > 0) {
    const unsigned piece = address % 4 == 0 && bytes >= 4 ? 4 : address % 2 == 0 && bytes >= 2 ? 2 : 1;
    record_aligned<kEffect, false>(address, piece, code, flags);
    address += piece;
    bytes -= piece;
  }
}

template <Effect kEffect, bool kIsAtomic>
inline void record(uintptr_t address, unsigned bytes, const void* code, uint64_t flags) {
  if ((address & (bytes - 1)) == 0) return record_aligned<kEffect, kIsAtomic>(address, bytes, code, flags);
  record_range<kEffect>(address, bytes, code, flags);  // a misaligned access, which a GPU would refuse
}

}  // namespace softgpu::check
