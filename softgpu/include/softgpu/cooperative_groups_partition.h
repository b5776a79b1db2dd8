#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include "cooperative_groups_lanes.h"

/// Functions that divide groups.

namespace cooperative_groups {

template <unsigned Size>
thread_block_tile<Size, thread_block> tiled_partition(const thread_block& parent) {
  return thread_block_tile<Size, thread_block>(parent);
}
template <unsigned Size, unsigned ParentSize, class GrandParent>
auto tiled_partition(const thread_block_tile<ParentSize, GrandParent>& parent) {
  static_assert(Size < ParentSize, "a tile is smaller than the one it is taken from");
  return thread_block_tile<Size, thread_block_tile<ParentSize, GrandParent>>(parent);
}

inline thread_block_tile<1, thread_block> this_thread() { return tiled_partition<1>(this_thread_block()); }

namespace detail {

inline void check_tile_size(unsigned size, Site site) {
  if (size == 0 || size > 32 || (size & (size - 1)) != 0)
    softgpu::misuse("divides a group into tiles whose size is not 1, 2, 4, 8, 16 or 32", site);
}

}  // namespace detail

/// Divides a group into tiles of `size` threads each, by rank; the last tile may have fewer.
inline coalesced_group tiled_partition(const coalesced_group& parent, unsigned size, Site site = Site::here()) {
  detail::check_tile_size(size, site);
  if (parent.size() <= size) return parent;
  const unsigned tile = parent.thread_rank() / size;
  unsigned lanes = parent.lane_mask(), mask = 0;
  for (unsigned rank = 0; lanes != 0; lanes &= lanes - 1, ++rank) mask |= rank / size == tile ? lanes & -lanes : 0u;
  return {mask, tile, (parent.size() + size - 1) / size};
}
inline thread_group tiled_partition(const thread_group& parent, unsigned size, Site site = Site::here()) {
  detail::check_tile_size(size, site);
  if (parent.kind_ == thread_group::Kind::grid) softgpu::misuse("divides a grid into tiles", site);
  if (parent.kind_ == thread_group::Kind::lanes)
    return tiled_partition(coalesced_group(parent.mask_, parent.meta_rank_, parent.meta_size_), size, site);
  const unsigned base = softgpu::thread_index() & ~(size - 1), left = thread_block::num_threads() - base;
  const unsigned mask = ~0u >> (32 - (left < size ? left : size)) << (softgpu::lane_index() & ~(size - 1));
  return coalesced_group(mask, base / size, (thread_block::num_threads() + size - 1) / size);
}

namespace detail {

template <class Group>
inline constexpr bool kIsLanes = std::is_base_of_v<Lanes, Group>;

template <class Group>
coalesced_group binary_partition(const Group& group, bool predicate, Site site) {
  const unsigned whole = group.lane_mask(), holds = __ballot_sync(whole, predicate, site) & whole;
  if (holds == whole || holds == 0) return {whole, 0, 1};
  return {predicate ? holds : whole & ~holds, predicate ? 1u : 0u, 2};
}

template <class Group, class Label>
coalesced_group labeled_partition(const Group& group, Label label, Site site) {
  const unsigned whole = group.lane_mask(), mine = __match_any_sync(whole, label, site);
  const unsigned first = mine & -mine;
  const unsigned firsts = __ballot_sync(whole, first == 1u << softgpu::lane_index(), site);
  return {mine, static_cast<unsigned>(__popc(firsts & (first - 1))), static_cast<unsigned>(__popc(firsts))};
}

}  // namespace detail

/// The threads for which the predicate holds (group 1) and the others (group 0); one group if all agree.
template <class Group>
requires(detail::kIsLanes<Group>) coalesced_group
    binary_partition(const Group& group, bool predicate, Site site = Site::here()) {
  return detail::binary_partition(group, predicate, site);
}

/// The threads that pass the same label, an integer or a pointer. Groups are ordered by their first thread.
template <class Group, class Label>
requires(detail::kIsLanes<Group> && (std::is_integral_v<Label> || std::is_pointer_v<Label>)) coalesced_group
    labeled_partition(const Group& group, Label label, Site site = Site::here()) {
  if constexpr (std::is_same_v<Label, bool>)
    return detail::binary_partition(group, label, site);
  else if constexpr (std::is_pointer_v<Label>)
    return detail::labeled_partition(group, reinterpret_cast<unsigned long long>(label), site);
  else if constexpr (sizeof(Label) < sizeof(int))
    return detail::labeled_partition(group, static_cast<int>(label), site);
  else
    return detail::labeled_partition(group, label, site);
}

/// Calls function(arguments...) in one thread of the group.
template <class Group, class Function, class... Arguments>
void invoke_one(const Group& group, Function&& function, Arguments&&... arguments) {
  if (group.thread_rank() == 0) std::forward<Function>(function)(std::forward<Arguments>(arguments)...);
}
/// Like invoke_one, but all threads of the group, which are lanes of one warp, receive the result.
template <class Group, class Function, class... Arguments>
requires(detail::kIsLanes<Group>) auto invoke_one_broadcast(const Group& group, Function&& function,
                                                            Arguments&&... arguments) {
  std::remove_cvref_t<std::invoke_result_t<Function, Arguments...>> result{};
  if (group.thread_rank() == 0) result = std::forward<Function>(function)(std::forward<Arguments>(arguments)...);
  return group.shfl(result, 0);
}

}  // namespace cooperative_groups
