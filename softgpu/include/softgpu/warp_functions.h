#pragma once

#include <climits>
#include <cstdint>
#include <cstring>
#include <functional>

#include "indices.h"
#include "language.h"
#include "threads.h"

/// CUDA's warp operations: shuffles, votes, matches and reductions among the lanes of a mask. In fast mode a warp is a
/// single lane, lane 0: a shuffle returns the value given, a vote sees one voter.

namespace softgpu {

/// What a lane passes to a shuffle and receives from it.
struct ShuffledLane {
  uint64_t value = 0, result = 0;
  int source = 0;
  bool answered = false;
};

inline void shuffle_lanes(void* const lanes[kWarpLanes], unsigned) {
  for (int i = 0; i < kWarpLanes; ++i) {
    auto* lane = static_cast<ShuffledLane*>(lanes[i]);
    if (lane == nullptr) continue;
    const auto* source = static_cast<const ShuffledLane*>(lanes[lane->source]);
    lane->answered = source != nullptr;
    if (lane->answered) lane->result = source->value;
  }
}

/// The value of lane `source`. It is misuse to read from a lane that takes no part.
template <class T>
T shuffle(unsigned mask, T value, int source, Site site) {
  static_assert(sizeof(T) <= sizeof(uint64_t), "a shuffle moves at most 8 bytes");
  ShuffledLane lane{.source = source};
  std::memcpy(&lane.value, &value, sizeof(T));
  meet_in_warp(mask, &lane, shuffle_lanes, site);
  if (!lane.answered) misuse("shuffles from a lane that takes no part in the shuffle", site);
  std::memcpy(&value, &lane.result, sizeof(T));
  return value;
}

/// Position in a segment of `width` lanes.
struct Segment {
  int lane, first, last;
  explicit Segment(int width) : lane(static_cast<int>(lane_index())), first(lane & -width), last(first + width - 1) {}
};

/// The lanes that passed the same bits.
template <class T>
unsigned match(unsigned mask, T value, Site site) {
  struct Lane {
    T value;
    unsigned same = 0;
  } lane{value};
  meet_in_warp(
      mask, &lane,
      [](void* const lanes[kWarpLanes], unsigned) {
        for (int i = 0; i < kWarpLanes; ++i) {
          for (int j = 0; lanes[i] != nullptr && j < kWarpLanes; ++j) {
            if (lanes[j] == nullptr) continue;
            auto* mine = static_cast<Lane*>(lanes[i]);
            if (std::memcmp(&mine->value, &static_cast<Lane*>(lanes[j])->value, sizeof(T)) == 0) mine->same |= 1u << j;
          }
        }
      },
      site);
  return lane.same;
}

/// Reduces the values of all lanes with op, in the order of the lanes.
template <class Op, class T>
T reduce(unsigned mask, T value, Site site) {
  struct Lane {
    T value, result{};
  } lane{value};
  meet_in_warp(
      mask, &lane,
      [](void* const lanes[kWarpLanes], unsigned) {
        bool first = true;
        T result{};
        for (int i = 0; i < kWarpLanes; ++i) {
          if (lanes[i] == nullptr) continue;
          const T next = static_cast<const Lane*>(lanes[i])->value;
          result = first ? next : Op{}(result, next);
          first = false;
        }
        for (int i = 0; i < kWarpLanes; ++i) {
          if (lanes[i] != nullptr) static_cast<Lane*>(lanes[i])->result = result;
        }
      },
      site);
  return lane.result;
}

/// The lanes whose vote is true.
inline unsigned ballot(unsigned mask, bool vote, Site site) {
  struct Votes : std::bit_or<> {};  // a distinct type, so that a vote cannot be combined with a reduction
  return reduce<Votes>(mask, unsigned{vote} << lane_index(), site);
}

struct MinOf {
  template <class T>
  T operator()(T a, T b) const {
    return b < a ? b : a;
  }
};
struct MaxOf {
  template <class T>
  T operator()(T a, T b) const {
    return a < b ? b : a;
  }
};

}  // namespace softgpu

inline void __syncwarp(unsigned mask = 0xffffffffu, softgpu::Site site = softgpu::Site::here()) {
  if (softgpu::on_fibers) [[unlikely]]
    softgpu::sync_warp(mask, site);
}

// --- Shuffles ------------------------------------------------------------------------------------------------------

template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = warpSize, softgpu::Site site = softgpu::Site::here()) {
  if (!softgpu::on_fibers) return value;
  const softgpu::Segment segment(width);
  return softgpu::shuffle(mask, value, segment.first + (source & (width - 1)), site);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = warpSize,
                 softgpu::Site site = softgpu::Site::here()) {
  if (!softgpu::on_fibers) return value;
  const softgpu::Segment segment(width);
  const int source = segment.lane - static_cast<int>(delta);
  return softgpu::shuffle(mask, value, source < segment.first ? segment.lane : source, site);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = warpSize,
                   softgpu::Site site = softgpu::Site::here()) {
  if (!softgpu::on_fibers) return value;
  const softgpu::Segment segment(width);
  const int source = segment.lane + static_cast<int>(delta);
  return softgpu::shuffle(mask, value, source > segment.last ? segment.lane : source, site);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lanes, int width = warpSize, softgpu::Site site = softgpu::Site::here()) {
  if (!softgpu::on_fibers) return value;
  const softgpu::Segment segment(width);
  const int source = segment.lane ^ lanes;
  return softgpu::shuffle(mask, value, source > segment.last ? segment.lane : source, site);
}

// --- Votes and matches ---------------------------------------------------------------------------------------------

inline unsigned __activemask(softgpu::Site site = softgpu::Site::here()) {
  return softgpu::on_fibers ? softgpu::active_lanes(site) : 1;
}
inline unsigned __ballot_sync(unsigned mask, int predicate, softgpu::Site site = softgpu::Site::here()) {
  return softgpu::on_fibers ? softgpu::ballot(mask, predicate != 0, site) : predicate != 0;
}
inline int __any_sync(unsigned mask, int predicate, softgpu::Site site = softgpu::Site::here()) {
  return softgpu::on_fibers ? softgpu::ballot(mask, predicate != 0, site) != 0 : predicate != 0;
}
inline int __all_sync(unsigned mask, int predicate, softgpu::Site site = softgpu::Site::here()) {
  return softgpu::on_fibers ? softgpu::ballot(mask, predicate == 0, site) == 0 : predicate != 0;
}
template <class T>
unsigned __match_any_sync(unsigned mask, T value, softgpu::Site site = softgpu::Site::here()) {
  return softgpu::on_fibers ? softgpu::match(mask, value, site) : 1;
}
/// Returns the mask and sets *same = 1 if all lanes passed the same value; otherwise returns 0 and sets *same = 0.
template <class T>
unsigned __match_all_sync(unsigned mask, T value, int* same, softgpu::Site site = softgpu::Site::here()) {
  if (!softgpu::on_fibers) return *same = 1;
  const unsigned alike = softgpu::match(mask, value, site);
  const unsigned all = softgpu::ballot(mask, true, site);
  // Equal for one lane means equal for all: the groups partition the mask.
  *same = alike == all;
  return *same != 0 ? mask : 0;
}

// --- Reductions ----------------------------------------------------------------------------------------------------

#define SOFTGPU_WARP_REDUCE(name, T, Op)                                              \
  inline T name(unsigned mask, T value, softgpu::Site site = softgpu::Site::here()) { \
    return softgpu::on_fibers ? softgpu::reduce<Op>(mask, value, site) : value;       \
  }
SOFTGPU_WARP_REDUCE(__reduce_add_sync, unsigned, std::plus<>)
SOFTGPU_WARP_REDUCE(__reduce_add_sync, int, std::plus<>)
SOFTGPU_WARP_REDUCE(__reduce_min_sync, unsigned, softgpu::MinOf)
SOFTGPU_WARP_REDUCE(__reduce_min_sync, int, softgpu::MinOf)
SOFTGPU_WARP_REDUCE(__reduce_max_sync, unsigned, softgpu::MaxOf)
SOFTGPU_WARP_REDUCE(__reduce_max_sync, int, softgpu::MaxOf)
SOFTGPU_WARP_REDUCE(__reduce_and_sync, unsigned, std::bit_and<>)
SOFTGPU_WARP_REDUCE(__reduce_or_sync, unsigned, std::bit_or<>)
SOFTGPU_WARP_REDUCE(__reduce_xor_sync, unsigned, std::bit_xor<>)
#undef SOFTGPU_WARP_REDUCE
