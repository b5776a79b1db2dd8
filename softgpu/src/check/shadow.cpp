#include "shadow.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <vector>

/// The page table, cells and bitmaps of the shadow memory.

namespace softgpu::check {

Page* regions[kRegions];
constinit std::array<uint64_t, kPageBytes / 64> all_undefined = [] {
  std::array<uint64_t, kPageBytes / 64> ones{};
  ones.fill(~uint64_t{0});
  return ones;
}();

namespace {

constexpr size_t kWords = kPageBytes / 64;

std::mutex& region_mutex() {
  static std::mutex mutex;
  return mutex;
}

Page* open_region(size_t index) {
  std::lock_guard lock(region_mutex());
  if (regions[index] != nullptr) return regions[index];
  void* const pages = mmap(nullptr, kPagesPerRegion * sizeof(Page), PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pages == MAP_FAILED) throw std::bad_alloc();
  return regions[index] = static_cast<Page*>(pages);
}

Cell* new_cells(unsigned shift) {
  auto* const cells = static_cast<Cell*>(std::calloc(kPageBytes >> shift, sizeof(Cell)));
  if (cells == nullptr) throw std::bad_alloc();
  return cells;
}

/// Gives the page a bitmap of its own if it shares all_undefined or has none.
uint64_t* own_bits(Page& page) {
  if (page.undefined != nullptr && page.undefined != all_undefined.data()) return page.undefined;
  auto* const bits = static_cast<uint64_t*>(std::malloc(kWords * sizeof(uint64_t)));
  if (bits == nullptr) throw std::bad_alloc();
  std::memset(bits, page.undefined == nullptr ? 0 : 0xff, kWords * sizeof(uint64_t));
  return page.undefined = bits;
}

void drop_bits(Page& page) {
  if (page.undefined != all_undefined.data()) std::free(page.undefined);
  page.undefined = nullptr;
}

/// Calls visit(word, mask) for the words of the bitmap that the range covers.
template <class Visit>
void for_each_word(uintptr_t address, size_t bytes, Visit visit) {
  size_t at = address % kPageBytes;
  const size_t end = at + bytes;
  while (at < end) {
    const size_t count = std::min(end - at, 64 - at % 64);
    const uint64_t ones = count == 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1;
    visit(at / 64, ones << at % 64);
    at += count;
  }
}

}  // namespace

Page& open_page(uintptr_t address) {
  const size_t region = address >> kRegionShift & (kRegions - 1);
  Page* const pages = regions[region] != nullptr ? regions[region] : open_region(region);
  return pages[address >> kPageShift & (kPagesPerRegion - 1)];
}

void refine(Page& page, unsigned shift) {
  if (page.cells != nullptr && page.shift <= shift) return;
  Cell* const finer = new_cells(shift);
  if (page.cells != nullptr) {
    const size_t each = size_t{1} << (page.shift - shift);
    for (size_t i = 0; i < kPageBytes >> page.shift; ++i) std::fill_n(finer + i * each, each, page.cells[i]);
    std::free(page.cells);
  }
  page.cells = finer;
  page.shift = static_cast<uint8_t>(shift);
}

void coarsen(Page& page, const Cell& cell) {
  if (page.cells == nullptr || page.shift != kPageShift) {
    std::free(page.cells);
    page.cells = nullptr;
    page.cells = new_cells(kPageShift);
    page.shift = kPageShift;
  }
  *page.cells = cell;
}

void forget(Page& page, uintptr_t address, size_t bytes) {
  if (page.cells == nullptr) return;
  if (bytes == kPageBytes) {
    std::free(page.cells);
    page.cells = nullptr;
    return;
  }
  refine(page, (address | bytes) % 4 == 0 ? 2 : 0);
  Cell* const first = page.cells + (address % kPageBytes >> page.shift);
  std::fill_n(first, bytes >> page.shift, Cell{});
}

void set_undefined(Page& page, uintptr_t address, size_t bytes) {
  if (bytes == kPageBytes) {
    drop_bits(page);
    page.undefined = all_undefined.data();
    return;
  }
  uint64_t* const bits = own_bits(page);
  for_each_word(address, bytes, [&](size_t word, uint64_t mask) { bits[word] |= mask; });
}

void set_defined(Page& page, uintptr_t address, size_t bytes) {
  if (page.undefined == nullptr) return;
  if (bytes == kPageBytes) return drop_bits(page);
  uint64_t* const bits = own_bits(page);
  for_each_word(address, bytes, [&](size_t word, uint64_t mask) { bits[word] &= ~mask; });
}

size_t first_undefined(const Page& page, uintptr_t address, size_t bytes) {
  size_t found = bytes;
  if (page.undefined == nullptr) return found;
  for_each_word(address, bytes, [&](size_t word, uint64_t mask) {
    const uint64_t left = page.undefined[word] & mask;
    if (left == 0 || found != bytes) return;
    found = word * 64 + static_cast<size_t>(__builtin_ctzll(left)) - address % kPageBytes;
  });
  return found;
}

void copy_undefined(Page& to, uintptr_t to_address, const Page* from, uintptr_t from_address, size_t bytes) {
  size_t at = 0;
  while (at < bytes) {  // each pass copies a run of defined bytes and the undefined byte that follows it
    const size_t run = from == nullptr ? bytes - at : first_undefined(*from, from_address + at, bytes - at);
    if (run > 0) set_defined(to, to_address + at, run);
    at += run;
    if (at == bytes) return;
    set_undefined(to, to_address + at, 1);
    ++at;
  }
}

void clear(Page& page) {
  std::free(page.cells);
  page.cells = nullptr;
  drop_bits(page);
}

void forget_everything() {
  for (Page* const pages : regions) {
    if (pages == nullptr) continue;
    for (size_t i = 0; i < kPagesPerRegion; ++i) {
      if (pages[i].cells == nullptr) continue;  // reading an untouched part of the table does not allocate memory
      std::free(pages[i].cells);
      pages[i].cells = nullptr;
    }
  }
}

}  // namespace softgpu::check
