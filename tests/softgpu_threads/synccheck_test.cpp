#undef NDEBUG  // a kernel below asserts
#include <unistd.h>

#include <cassert>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "softgpu/runtime_support.h"

namespace {

/// Runs defective kernels and reads what was reported.
class Synccheck : public RuntimeTest {
 protected:
  void SetUp() override {
    RuntimeTest::SetUp();
    path_ = std::filesystem::temp_directory_path() / ("synccheck-" + std::to_string(getpid()));
    setenv("SOFTGPU_REPORT", path_.c_str(), 1);
    out_ = device_array(std::vector<int>(256));
  }
  void TearDown() override {
    unsetenv("SOFTGPU_REPORT");
    std::filesystem::remove(path_);
    RuntimeTest::TearDown();
  }

  /// The finding of a launch that fails with `error`, which must be sticky until the device is reset.
  template <class... Params>
  nlohmann::json finding_of(void (*kernel)(Params...), dim3 block, cudaError_t error) {
    EXPECT_EQ(outcome(launch(kernel, 2, block, 0, nullptr, out_)), error);
    EXPECT_EQ(cudaDeviceSynchronize(), error) << "the failure is sticky";
    EXPECT_CUDA(cudaDeviceReset());
    std::ifstream file(path_);
    return nlohmann::json::parse(file, nullptr, false);
  }

  static void expect_place(const nlohmann::json& finding, size_t party, int line, std::vector<unsigned> thread) {
    ASSERT_GT(finding["parties"].size(), party) << finding;
    const auto& found = finding["parties"][party];
    EXPECT_EQ(found["line"], line) << finding;
    EXPECT_TRUE(found["file"].get<std::string>().ends_with("synccheck_test.cpp")) << finding;
    EXPECT_EQ(found["thread"], nlohmann::json(thread)) << finding;
  }

  std::filesystem::path path_;
  int* out_ = nullptr;
};

constexpr int kDifferentBarriers = __LINE__ + 3;
__global__ void different_barriers(int* out) {
  if (threadIdx.x < 40) {
    __syncthreads();
  } else {
    __syncthreads();
  }
  out[threadIdx.x] = 1;
}

TEST_F(Synccheck, DivergentBarrier) {
  const auto finding = finding_of(different_barriers, 64, cudaErrorLaunchFailure);
  EXPECT_EQ(finding["kind"], "divergent-barrier");
  EXPECT_EQ(finding["kernel"], "(anonymous namespace)::different_barriers(int*)");
  expect_place(finding, 0, kDifferentBarriers, {0, 0, 0});
  expect_place(finding, 1, kDifferentBarriers + 2, {63, 0, 0});
}

constexpr int kEarlyReturn = __LINE__ + 3;
__global__ void early_return(int* out) {
  if (threadIdx.x == 5) return;
  __syncthreads();
  out[threadIdx.x] = 1;
}

TEST_F(Synccheck, AThreadThatLeftWhileOthersWait) {
  const auto finding = finding_of(early_return, 64, cudaErrorLaunchFailure);
  EXPECT_EQ(finding["kind"], "left-before-barrier");
  expect_place(finding, 0, kEarlyReturn, {0, 0, 0});
  EXPECT_EQ(finding["parties"][1]["thread"], nlohmann::json({5, 0, 0}));
}

constexpr int kWrongMask = __LINE__ + 3;
__global__ void wrong_mask(int* out) {
  if (threadIdx.x < 16) {
    out[threadIdx.x] = __shfl_sync(0xffffffffu, 1, 0);
  } else {
    __syncthreads();
  }
}

TEST_F(Synccheck, AMaskThatNamesLanesWhichDoNotCome) {
  const auto finding = finding_of(wrong_mask, 32, cudaErrorLaunchFailure);
  EXPECT_EQ(finding["kind"], "warp-mask");
  expect_place(finding, 0, kWrongMask, {0, 0, 0});
  expect_place(finding, 1, kWrongMask + 2, {16, 0, 0});
}

constexpr int kNotInMask = __LINE__ + 1;
__global__ void not_in_mask(int* out) { out[threadIdx.x] = __shfl_sync(0x0000ffffu, 1, 0); }

TEST_F(Synccheck, ALaneThatItsMaskDoesNotName) {
  const auto finding = finding_of(not_in_mask, 32, cudaErrorLaunchFailure);
  EXPECT_EQ(finding["kind"], "misuse");
  expect_place(finding, 0, kNotInMask, {16, 0, 0});
}

constexpr int kFromInactive = __LINE__ + 2;
__global__ void from_inactive(int* out) {
  if (threadIdx.x < 16) out[threadIdx.x] = __shfl_down_sync(0x0000ffffu, 1, 1);
}

TEST_F(Synccheck, AShuffleFromALaneThatTakesNoPart) {
  const auto finding = finding_of(from_inactive, 32, cudaErrorLaunchFailure);
  EXPECT_EQ(finding["kind"], "misuse");
  expect_place(finding, 0, kFromInactive, {15, 0, 0});
}

constexpr int kNull = __LINE__ + 3;
__global__ void write_to_null(int*) {
  volatile int* volatile null = nullptr;  // volatile, since a compiler may drop a write to a pointer known to be null
  if (threadIdx.x == 33) *null = 1;
}

TEST_F(Synccheck, ANullPointer) {
  const auto finding = finding_of(write_to_null, 64, cudaErrorIllegalAddress);
  EXPECT_EQ(finding["checker"], "memcheck");
  EXPECT_EQ(finding["kind"], "illegal-address");
  EXPECT_EQ(finding["message"], "write to a null pointer (address 0)");
  expect_place(finding, 0, kNull, {33, 0, 0});
}

__global__ void write_to_nowhere(int* out) {
  // A non-canonical address, for which no page table can have an entry.
  if (threadIdx.x == 1) *reinterpret_cast<volatile int*>(reinterpret_cast<uintptr_t>(out) ^ (uintptr_t{1} << 62)) = 1;
}

TEST_F(Synccheck, AnAddressThatNoMemoryCanHave) {
  const auto finding = finding_of(write_to_nowhere, 32, cudaErrorIllegalAddress);
  EXPECT_EQ(finding["kind"], "illegal-address");
  EXPECT_NE(finding["message"].get<std::string>().find("outside the address space"), std::string::npos) << finding;
}

__global__ void recurse(int* out) {
  volatile char frame[4096];
  frame[0] = static_cast<char>(out != nullptr);
  if (frame[0] != 0) recurse(out);
  frame[1] = 1;
}

TEST_F(Synccheck, LocalMemoryExhausted) {
  const auto finding = finding_of(recurse, 32, cudaErrorIllegalAddress);
  EXPECT_EQ(finding["kind"], "local-memory");
}

__global__ void failed_assertion(int* out) {
  assert(threadIdx.x != 3);
  out[threadIdx.x] = 1;
}

TEST_F(Synccheck, AnAssertion) {
  const auto finding = finding_of(failed_assertion, 32, cudaErrorAssert);
  EXPECT_EQ(finding["kind"], "assert");
  EXPECT_EQ(finding["parties"][0]["thread"], nlohmann::json({3, 0, 0}));
}

constexpr int kDivision = __LINE__ + 3;
__global__ void divide_by_zero(int* out) {
  volatile int zero = 0;
  if (threadIdx.x == 9) out[threadIdx.x] = 5 / zero;
}

TEST_F(Synccheck, ADivisionByZero) {
  const auto finding = finding_of(divide_by_zero, 32, cudaErrorLaunchFailure);
  EXPECT_EQ(finding["kind"], "division");
  expect_place(finding, 0, kDivision, {9, 0, 0});
}

TEST_F(Synccheck, TheProgramGoesOnAfterAFailedLaunch) {
  finding_of(early_return, 64, cudaErrorLaunchFailure);
  int* out = device_array(std::vector<int>(32));
  ASSERT_CUDA(launch(
      +[](int* values) { values[threadIdx.x] = __shfl_sync(~0u, 7, 3); }, 1, 32, 0, nullptr, out));
  EXPECT_EQ(host_copy(out, 32), std::vector<int>(32, 7));
}

}  // namespace
