#pragma once

#include <type_traits>

#include "../cooperative_groups.h"
#include "functional.h"

namespace cooperative_groups {

/// Reduces the values of the threads up to and including the caller, by rank, with op. Values are combined in the
/// toolkit's order, so that float results equal those of a GPU.
template <class Group, class T, class Op>
requires(detail::kIsLanes<Group>) T inclusive_scan(const Group& group, T value, Op op, Site site = Site::here()) {
  const unsigned rank = group.thread_rank();
  for (unsigned distance = 1; distance < group.size(); distance *= 2) {
    const T below = group.shfl_up(value, distance, site);
    if (distance <= rank) value = op(value, below);
  }
  return value;
}
template <class Group, class T>
T inclusive_scan(const Group& group, T value, Site site = Site::here()) {
  return inclusive_scan(group, value, plus<T>(), site);
}

/// Like inclusive_scan, but without the caller's own value; the first thread receives T{}.
template <class Group, class T, class Op>
requires(detail::kIsLanes<Group>) T exclusive_scan(const Group& group, T value, Op op, Site site = Site::here()) {
  const T below = group.shfl_up(inclusive_scan(group, value, op, site), 1, site);
  return group.thread_rank() == 0 ? T{} : below;
}
template <class Group, class T>
T exclusive_scan(const Group& group, T value, Site site = Site::here()) {
  return exclusive_scan(group, value, plus<T>(), site);
}

}  // namespace cooperative_groups
