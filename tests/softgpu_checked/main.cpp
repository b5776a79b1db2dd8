#include <gtest/gtest.h>

#include <cstdlib>

/// Kernels of this program run in thread mode.
int main(int argc, char** argv) {
  setenv("SOFTGPU_MODE", "threads", 1);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
