#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

/// The shadow memory: what the checkers remember about memory. For each 4 bytes of device and shared memory (2 or 1
/// where smaller accesses occur) it records the last accesses, and for each byte whether it was ever written.

namespace softgpu::check {

/// One access, packed. `who` tells the place in the code, the thread and the kind of access; `when` tells the serial
/// number of the block and the thread's clock. An access of all zeros stands for none.
struct Access {
  uint64_t who = 0;
  uint64_t when = 0;
};

inline constexpr int kThreadShift = 48;  // the bits below hold the code address, or the name of an operation
inline constexpr uint64_t kCodeMask = (uint64_t{1} << kThreadShift) - 1;
inline constexpr uint64_t kThreadMask = uint64_t{1023} << kThreadShift;
inline constexpr uint64_t kWarpMask = uint64_t{1023 - 31} << kThreadShift;
inline constexpr uint64_t kAtomic = uint64_t{1} << 58;    // atomic or volatile; two such accesses do not race
inline constexpr uint64_t kVolatile = uint64_t{1} << 59;  // set in addition if volatile
inline constexpr uint64_t kWrite = uint64_t{1} << 60;
inline constexpr int kSizeShift = 61;        // position of the logarithm of the number of bytes
inline constexpr uint64_t kByOperation = 7;  // in place of a size: an access by a copy, a fill or a vendor routine

inline unsigned thread_of(const Access& a) { return static_cast<unsigned>(a.who >> kThreadShift) & 1023; }
inline uint32_t serial_of(const Access& a) { return static_cast<uint32_t>(a.when >> 32); }
inline uint32_t clock_of(const Access& a) { return static_cast<uint32_t>(a.when); }
inline bool by_operation(const Access& a) { return a.who >> kSizeShift == kByOperation; }

/// The last write to some bytes, and two other accesses that a later one may race with: reads, or atomic writes that
/// were replaced by another atomic write.
struct Cell {
  Access writer;
  Access others[2];
};

inline constexpr int kPageShift = 12;
inline constexpr size_t kPageBytes = size_t{1} << kPageShift;

enum class Memory : uint8_t { none, global, variable, shared };

struct Page {
  Cell* cells;          ///< one for each 2^shift bytes; null before the first access
  uint64_t* undefined;  ///< a bitmap of the bytes that were never written; null when there are none
  uint32_t block;       ///< for shared memory, the block whose contents `undefined` describes
  uint8_t shift;        ///< kPageShift (one cell), 2, 1 or 0
  Memory memory;
};

/// The bitmap of a page of which nothing is defined. Pages that share it get a bitmap of their own before a bit is
/// cleared.
extern std::array<uint64_t, kPageBytes / 64> all_undefined;

// The page table has two levels: regions of one GiB, and the pages of each. Memory that was not registered has no page.
inline constexpr int kRegionShift = 30;
inline constexpr size_t kRegions = size_t{1} << (47 - kRegionShift);
inline constexpr size_t kPagesPerRegion = size_t{1} << (kRegionShift - kPageShift);
extern Page* regions[kRegions];

inline Page* find_page(uintptr_t address) {
  Page* const pages = regions[address >> kRegionShift & (kRegions - 1)];
  if (pages == nullptr) return nullptr;
  Page* const page = pages + (address >> kPageShift & (kPagesPerRegion - 1));
  return page->memory == Memory::none ? nullptr : page;
}

/// The page of an address, which is created if it does not exist. Throws std::bad_alloc.
Page& open_page(uintptr_t address);

/// Gives the page cells of at most 2^shift bytes, splitting the existing ones.
void refine(Page& page, unsigned shift);
/// Replaces the cells of the page by one for the whole page.
void coarsen(Page& page, const Cell& cell);

/// Forgets the accesses to these bytes of the page.
void forget(Page& page, uintptr_t address, size_t bytes);
void set_undefined(Page& page, uintptr_t address, size_t bytes);
void set_defined(Page& page, uintptr_t address, size_t bytes);
/// Offset of the first undefined byte among these bytes of the page, or `bytes` when all are defined.
size_t first_undefined(const Page& page, uintptr_t address, size_t bytes);

/// Copies the undefined bits of bytes of one page to those of another; where `from` is null, the bytes become defined.
void copy_undefined(Page& to, uintptr_t to_address, const Page* from, uintptr_t from_address, size_t bytes);

/// Frees the cells and bits of the page, which keeps its kind of memory.
void clear(Page& page);
/// Forgets all accesses. Bytes that were undefined remain so.
void forget_everything();

/// Calls visit(address, bytes) for the part of the range on each page.
template <class Visit>
void for_each_page(uintptr_t address, size_t bytes, Visit visit) {
  while (bytes > 0) {
    const size_t rest = kPageBytes - address % kPageBytes;
    const size_t part = bytes < rest ? bytes : rest;
    visit(address, part);
    address += part;
    bytes -= part;
  }
}

}  // namespace softgpu::check
