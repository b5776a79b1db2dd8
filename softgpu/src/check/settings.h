#pragma once

/// Which checkers are on: SOFTGPU_CHECK, "race", "init" or both with a comma between; both where it is not set.

namespace softgpu::check {

extern constinit bool check_races;
extern constinit bool check_undefined;

}  // namespace softgpu::check
