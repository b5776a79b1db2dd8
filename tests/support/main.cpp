// Runs the tests of one program. On a machine without a device it says how many are skipped and exits with 77.
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <cstdio>

#ifdef SOFTGPU
namespace {

/// A test during which a checker found something has failed.
class FailOnFindings : public testing::EmptyTestEventListener {
  void OnTestStart(const testing::TestInfo&) override { before_ = softgpu::finding_count(); }
  void OnTestEnd(const testing::TestInfo&) override {
    const uint64_t found = softgpu::finding_count() - before_;
    if (found > 0) ADD_FAILURE() << found << " findings of the checkers, see above";
  }
  uint64_t before_ = 0;
};

}  // namespace
#endif

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
    std::printf("%d tests skipped: there is no GPU\n", testing::UnitTest::GetInstance()->total_test_count());
    return 77;
  }
#ifdef SOFTGPU
  testing::UnitTest::GetInstance()->listeners().Append(new FailOnFindings);
#endif
  const int failed = RUN_ALL_TESTS();
#ifdef SOFTGPU
  cudaDeviceReset();  // frees the engine's pool and workspaces, which live as long as the program and are no leaks
#endif
  return failed;
}
