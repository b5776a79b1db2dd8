#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "cooperative_groups.h"

/// Groups of lanes of one warp: tiles of a size known at compile time, and the lanes that execute the same code.

namespace cooperative_groups {

namespace detail {

/// The functions that both kinds share; they differ in how a shuffle names its lanes.
class Lanes : public thread_group {
 public:
  unsigned num_threads() const { return lane_count(); }
  unsigned size() const { return lane_count(); }
  unsigned thread_rank() const { return lane_rank(); }
  /// The index of this group among those that a partition made, and their number.
  unsigned meta_group_rank() const { return meta_rank_; }
  unsigned meta_group_size() const { return meta_size_; }

  void sync(Site site = Site::here()) const {
    if (softgpu::on_fibers) softgpu::sync_warp(mask_, site);
  }

  int any(int predicate, Site site = Site::here()) const { return __any_sync(mask_, predicate, site); }
  int all(int predicate, Site site = Site::here()) const { return __all_sync(mask_, predicate, site); }
  /// Bit r of the result stands for the thread of rank r, as in the match functions.
  unsigned ballot(int predicate, Site site = Site::here()) const {
    return by_rank(__ballot_sync(mask_, predicate, site));
  }
  template <class T>
  unsigned match_any(T value, Site site = Site::here()) const {
    return by_rank(__match_any_sync(mask_, value, site));
  }
  template <class T>
  unsigned match_all(T value, int& predicate, Site site = Site::here()) const {
    return by_rank(__match_all_sync(mask_, value, &predicate, site));
  }

  unsigned lane_mask() const { return mask_; }

 protected:
  using thread_group::thread_group;

  /// The lane of the thread with this rank.
  unsigned lane_of(unsigned rank) const {
    unsigned lanes = mask_;
    for (; rank > 0; --rank) lanes &= lanes - 1;
    return static_cast<unsigned>(__ffs(static_cast<int>(lanes)) - 1);
  }
  unsigned by_rank(unsigned lanes) const {
    unsigned packed = 0, rank = 0;
    for (unsigned rest = mask_; rest != 0; rest &= rest - 1, ++rank) packed |= ((lanes & rest & -rest) != 0) << rank;
    return packed;
  }
};

/// Shuffles any trivially copyable type, in words that __shfl_sync accepts.
template <class T, class Shuffle>
T shuffle_words(T value, Shuffle shuffle) {
  static_assert(std::is_trivially_copyable_v<T>);
  if constexpr (sizeof(T) <= sizeof(uint64_t)) return shuffle(value);
  uint64_t words[(sizeof(T) + 7) / 8] = {};
  std::memcpy(words, &value, sizeof(T));
  for (uint64_t& word : words) word = shuffle(word);
  std::memcpy(&value, words, sizeof(T));
  return value;
}

/// In fast mode every tile is one thread.
inline unsigned tile_size(unsigned size) { return softgpu::on_fibers ? size : 1; }
inline unsigned tile_mask(unsigned size) { return ~0u >> (32 - size) << (softgpu::lane_index() & ~(size - 1)); }

}  // namespace detail

/// The threads that reach coalesced_threads() together, or a part of such a group or of a tile.
class coalesced_group : public detail::Lanes {
 public:
  /// Not part of the toolkit's interface: partitions use it.
  coalesced_group(unsigned mask, unsigned meta_rank, unsigned meta_size) : Lanes(mask, meta_rank, meta_size) {}

  template <class T>
  T shfl(T value, int rank, Site site = Site::here()) const {
    if (static_cast<unsigned>(rank) >= size())
      softgpu::misuse("shuffles from a rank that its group does not have", site);
    return from_lane(value, lane_of(static_cast<unsigned>(rank)), site);
  }
  /// The value of the thread `delta` ranks below, or above; the caller's own value where there is none.
  template <class T>
  T shfl_up(T value, unsigned delta, Site site = Site::here()) const {
    const unsigned rank = thread_rank();
    return from_lane(value, lane_of(delta <= rank ? rank - delta : rank), site);
  }
  template <class T>
  T shfl_down(T value, unsigned delta, Site site = Site::here()) const {
    const unsigned rank = thread_rank();
    return from_lane(value, lane_of(delta < size() - rank ? rank + delta : rank), site);
  }

 private:
  template <class T>
  T from_lane(T value, unsigned lane, Site site) const {
    return detail::shuffle_words(value,
                                 [&](auto v) { return __shfl_sync(mask_, v, static_cast<int>(lane), 32, site); });
  }
};

/// The lanes of the warp that reach this call together: all that do so before they wait elsewhere or return.
inline coalesced_group coalesced_threads(Site site = Site::here()) {
  return {softgpu::on_fibers ? softgpu::active_lanes(site) : 1, 0, 1};
}

/// Size consecutive threads of a block (1, 2, 4, 8, 16 or 32), aligned within their warp.
template <unsigned Size, class Parent = void>
class thread_block_tile : public detail::Lanes {
  static_assert(Size >= 1 && Size <= 32 && (Size & (Size - 1)) == 0, "a tile has 1, 2, 4, 8, 16 or 32 threads");

 public:
  template <class Group>
  requires(!std::is_void_v<Parent> && std::is_same_v<Group, Parent>) explicit thread_block_tile(const Group& parent)
      : Lanes(detail::tile_mask(detail::tile_size(Size)), static_cast<unsigned>(parent.thread_rank()) / num_threads(),
              (static_cast<unsigned>(parent.num_threads()) + num_threads() - 1) / num_threads()) {}
  template <class Other>
  requires(std::is_void_v<Parent> && !std::is_void_v<Other>)
      thread_block_tile(const thread_block_tile<Size, Other>& tile)
      : Lanes(tile) {}

  static unsigned num_threads() { return detail::tile_size(Size); }
  static unsigned size() { return num_threads(); }
  static unsigned thread_rank() { return softgpu::lane_index() & (num_threads() - 1); }

  template <class T>
  T shfl(T value, int rank, Site site = Site::here()) const {
    return detail::shuffle_words(value, [&](auto v) { return __shfl_sync(mask_, v, rank, kWidth, site); });
  }
  template <class T>
  T shfl_up(T value, unsigned delta, Site site = Site::here()) const {
    return detail::shuffle_words(value, [&](auto v) { return __shfl_up_sync(mask_, v, delta, kWidth, site); });
  }
  template <class T>
  T shfl_down(T value, unsigned delta, Site site = Site::here()) const {
    return detail::shuffle_words(value, [&](auto v) { return __shfl_down_sync(mask_, v, delta, kWidth, site); });
  }
  template <class T>
  T shfl_xor(T value, unsigned mask, Site site = Site::here()) const {
    return detail::shuffle_words(
        value, [&](auto v) { return __shfl_xor_sync(mask_, v, static_cast<int>(mask), kWidth, site); });
  }

 private:
  static constexpr int kWidth = static_cast<int>(Size);
};

}  // namespace cooperative_groups
