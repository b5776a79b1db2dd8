#pragma once

/// Which checkers are enabled, from SOFTGPU_CHECK: "race", "init" or "race,init", which is the default.

namespace softgpu::check {

extern constinit bool check_races;
extern constinit bool check_undefined;

}  // namespace softgpu::check
