#pragma once

#include <omp.h>

#include "convolve/multiply.h"
#include "strips.h"

/// How the strips of a convolution are distributed over the threads, and how a thread's buffers are laid out.
namespace softgpu::convolve::winograd {

/// Strips are processed in blocks, whose size is chosen so that their products fit the second-level cache.
struct Blocks {
  int64_t strips, strips_each, tiles;  // all strips; strips of a block; tiles of a block, rounded up for multiply()

  /// `in` and `out` are the channels of the products. A block has at least `least_tiles` tiles, because every block
  /// reads all the filters, or all the sums, once more.
  Blocks(const Strips& s, int64_t in, int64_t out, int64_t least_tiles) : strips(s.count()) {
    constexpr int64_t kBudget = 160 << 10;
    const int64_t wanted = std::max(kBudget / (kProducts * (in + out) * int64_t{sizeof(float)}), least_tiles);
    strips_each = std::clamp<int64_t>(wanted / s.tile_cols, 1, std::max<int64_t>(strips, 1));
    tiles = (strips_each * s.tile_cols + kRowMultiple - 1) / kRowMultiple * kRowMultiple;
  }
  int64_t count() const { return (strips + strips_each - 1) / strips_each; }
};

/// Distance in elements between the products of a block. It is never a multiple of a page, so that the 36 streams of a
/// tile use different sets of the first-level cache.
inline int64_t product_stride(const Blocks& blocks, int64_t channels) { return blocks.tiles * channels + 16; }

/// The part of the maps that a block of strips reads or writes. It is fetched into the second-level cache piece by
/// piece while the processor multiplies, because the transforms would otherwise wait for memory.
class Prefetch {
 public:
  /// The rows of `maps`, with elements of `bytes` bytes, that strips [first, last) are the first to access, if these
  /// read `ahead` rows beyond their own. No rows if there are no strips.
  Prefetch(const Maps& maps, const Strips& strips, const void* base, int64_t bytes, int64_t first, int64_t last,
           int64_t ahead = 0) {
    if (first >= last) return;
    const auto row_of = [&](int64_t strip) {
      const int64_t in_map = strip % strips.tile_rows;
      return strip / strips.tile_rows * maps.h + std::min(in_map * kTile + (in_map > 0 ? ahead : 0), maps.h);
    };
    const int64_t row_bytes = maps.w * maps.channels * bytes;
    next_ = static_cast<const char*>(base) + row_of(first) * row_bytes;
    lines_ = (row_of(last) - row_of(first)) * row_bytes / kLine;
  }

  /// Fetches piece `part` of `parts`.
  template <bool kForWriting>
  void fetch(int part, int parts) const {
    for (int64_t line = lines_ * part / parts; line < lines_ * (part + 1) / parts; ++line)
      __builtin_prefetch(next_ + line * kLine, kForWriting, 2);
  }

 private:
  static constexpr int64_t kLine = 64;
  const char* next_ = nullptr;
  int64_t lines_ = 0;
};

/// Calls f(first strip, last strip) for the blocks that belong to `thread` out of `threads`.
template <class F>
void for_each_block(const Blocks& blocks, int thread, int threads, F f) {
  const int64_t first = blocks.count() * thread / threads, last = blocks.count() * (thread + 1) / threads;
  for (int64_t block = first; block < last; ++block)
    f(block * blocks.strips_each, std::min((block + 1) * blocks.strips_each, blocks.strips));
}

}  // namespace softgpu::convolve::winograd
