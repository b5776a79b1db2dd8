// Selects thread mode before anything runs.
#include <gtest/gtest.h>

#include <cstdlib>

int main(int argc, char** argv) {
  setenv("SOFTGPU_MODE", "threads", 1);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
