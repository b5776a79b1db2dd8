#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

/// What the checkers remember of memory: for each 4 bytes of device and shared memory (2 or 1 where smaller accesses
/// occur) who touched them last, and for each byte whether anything was ever written there.

namespace softgpu::check {

/// One access, packed. `who`: where in the code, which thread, what it did; `when`: number of the block and the
/// thread's clock. All zero: no access.
struct Access {
  uint64_t who = 0;
  uint64_t when = 0;
};

inline constexpr int kThreadShift = 48;  // below it: the code address, or the name of an operation
inline constexpr uint64_t kCodeMask = (uint64_t{1} << kThreadShift) - 1;
inline constexpr uint64_t kThreadMask = uint64_t{1023} << kThreadShift;
inline constexpr uint64_t kWarpMask = uint64_t{1023 - 31} << kThreadShift;
inline constexpr uint64_t kAtomic = uint64_t{1} << 58;    // atomic or volatile: no race between two of these
inline constexpr uint64_t kVolatile = uint64_t{1} << 59;  // which of the two
inline constexpr uint64_t kWrite = uint64_t{1} << 60;
inline constexpr int kSizeShift = 61;        // logarithm of the bytes
inline constexpr uint64_t kByOperation = 7;  // in place of a size: a copy, a fill, a vendor routine

inline unsigned thread_of(const Access& a) { return static_cast<unsigned>(a.who >> kThreadShift) & 1023; }
inline uint32_t serial_of(const Access& a) { return static_cast<uint32_t>(a.when >> 32); }
inline uint32_t clock_of(const Access& a) { return static_cast<uint32_t>(a.when); }
inline bool by_operation(const Access& a) { return a.who >> kSizeShift == kByOperation; }

/// The last write, and two other accesses that nothing orders before whatever comes next: reads, or atomic writes that
/// another atomic write replaced.
struct Cell {
  Access writer;
  Access others[2];
};

inline constexpr int kPageShift = 12;
inline constexpr size_t kPageBytes = size_t{1} << kPageShift;

enum class Memory : uint8_t { none, global, variable, shared };

struct Page {
  Cell* cells;          ///< one for each 2^shift bytes; null before the first access
  uint64_t* undefined;  ///< a bit for each byte that nothing wrote; null when there is none
  uint32_t block;       ///< shared memory: the block whose contents `undefined` describes
  uint8_t shift;        ///< kPageShift (one cell), 2, 1 or 0
  Memory memory;
};

/// Bits of a page of which nothing is defined. Pages that point here get bits of their own before one is cleared.
extern std::array<uint64_t, kPageBytes / 64> all_undefined;

// Two levels: gigabytes, and the pages of each. Memory that nobody told of has no page.
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

/// The page, made known if it is not. Throws std::bad_alloc.
Page& open_page(uintptr_t address);

/// Gives the page cells of at most 2^shift bytes. Cells that were there are split.
void refine(Page& page, unsigned shift);
/// Back to one cell for the whole page.
void coarsen(Page& page, const Cell& cell);

/// Forgets who touched these bytes of the page.
void forget(Page& page, uintptr_t address, size_t bytes);
void set_undefined(Page& page, uintptr_t address, size_t bytes);
void set_defined(Page& page, uintptr_t address, size_t bytes);
/// Offset of the first undefined byte among these of the page, or `bytes`.
size_t first_undefined(const Page& page, uintptr_t address, size_t bytes);

/// Makes bytes of one page as undefined as those of another, or defined where that is null.
void copy_undefined(Page& to, uintptr_t to_address, const Page* from, uintptr_t from_address, size_t bytes);

/// Frees what the page holds; it keeps its kind of memory.
void clear(Page& page);
/// Forgets every access to memory that has pages here; what is undefined stays so.
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
