#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

#include "runtime_support.h"

/// Runs statements in a process of their own with settings that the runtime reads once.

/// Ends the process: 0 when no expectation failed.
[[noreturn]] inline void finish() { std::exit(::testing::Test::HasFailure() ? 1 : 0); }

inline void be_strict(const char* seed = "0") {
  setenv("SOFTGPU_STRICT", "1", 1);
  setenv("SOFTGPU_SEED", seed, 1);
}

/// For suites whose tests fork: each starts the program again, as threads of this one would be lost.
class SeparateProcess : public ::testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

inline const auto kPasses = ::testing::ExitedWithCode(0);
