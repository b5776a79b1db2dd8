#pragma once

/// Cooperative groups: thread blocks, grids, tiles and coalesced groups. reduce, scan and memcpy_async have headers of
/// their own, as in the toolkit.

#include "softgpu/cooperative_groups.h"
#include "softgpu/cooperative_groups_lanes.h"
#include "softgpu/cooperative_groups_partition.h"
