#pragma once

#include "scan.h"

namespace cooperative_groups {

/// Reduces the values of all threads of a group of lanes with op; every thread receives the result. Values are combined
/// in the toolkit's order, so that float results equal those of a GPU.
template <class Group, class T, class Op>
requires(detail::kIsLanes<Group>) T reduce(const Group& group, T value, Op op, Site site = Site::here()) {
  const unsigned size = group.size();
  if ((size & (size - 1)) != 0 || (std::is_same_v<Group, coalesced_group> && size != 32))
    return group.shfl(inclusive_scan(group, value, op, site), static_cast<int>(size) - 1, site);
  for (unsigned distance = size / 2; distance > 0; distance /= 2)
    value = op(value, group.shfl(value, static_cast<int>(group.thread_rank() ^ distance), site));
  return value;
}

}  // namespace cooperative_groups
