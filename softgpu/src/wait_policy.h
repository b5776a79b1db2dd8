#pragma once

namespace softgpu {

/// A program that refers to this variable links wait_policy.cpp, whose work is done by a constructor.
extern const int wait_policy_anchor;

}  // namespace softgpu
