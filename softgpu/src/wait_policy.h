#pragma once

namespace softgpu {

/// Refer to this to have wait_policy.cpp linked in: its work is done by a constructor that nobody calls.
extern const int wait_policy_anchor;

}  // namespace softgpu
