// Tests of strict mode: when copies read and write host memory.
#include "strict_support.h"

namespace {

using StrictCopyDeathTest = SeparateProcess;

TEST_F(StrictCopyDeathTest, PageableSourcesAreStagedAtTheCall) {
  const auto body = [] {
    be_strict();
    const cudaStream_t stream = new_stream();
    int* device = device_array<int>({0, 0});
    std::vector<int> host{1, 2};
    EXPECT_CUDA(cudaMemcpyAsync(device, host.data(), 8, cudaMemcpyHostToDevice, stream));
    host.assign({3, 4});
    EXPECT_CUDA(cudaMemcpyAsync(host.data(), device, 8, cudaMemcpyDeviceToHost, stream));
    EXPECT_EQ(host, (std::vector<int>{1, 2}));  // back in pageable memory when the call returns
    std::vector<char> rows{'a', 'b', 'c', 'd', 'e', 'f'}, back(4);
    char* packed = device_array(std::vector<char>(4));
    EXPECT_CUDA(cudaMemcpy2DAsync(packed, 2, rows.data(), 3, 2, 2, cudaMemcpyHostToDevice, stream));
    rows.assign(6, 'x');
    EXPECT_CUDA(cudaMemcpy2DAsync(back.data(), 2, packed, 2, 2, 2, cudaMemcpyDeviceToHost, stream));
    EXPECT_EQ(back, (std::vector<char>{'a', 'b', 'd', 'e'}));
    finish();
  };
  EXPECT_EXIT(body(), kPasses, "");
}

/// The documented pitfalls of synchronous calls: when the call returns, a copy from pageable memory has only been
/// staged, and a copy within the device or a fill has only been enqueued. A stream that does not wait for the legacy
/// stream may run before them.
TEST_F(StrictCopyDeathTest, SynchronousCallsLeaveWorkBehindWhereCudaDoes) {
  const auto body = [] {
    be_strict();
    const cudaStream_t other = new_stream();
    int* from = device_array<int>({5});
    const auto seen_by_other = [&](int* device) {
      int value = 0;
      EXPECT_CUDA(cudaMemcpyAsync(&value, device, 4, cudaMemcpyDeviceToHost, other));
      EXPECT_CUDA(cudaDeviceSynchronize());
      EXPECT_EQ(host_copy(device, 1)[0], 5);
      return value;
    };
    const int five = 5;
    int *a = device_array<int>({1}), *b = device_array<int>({1}), *c = device_array<int>({1});
    EXPECT_CUDA(cudaMemcpy(a, &five, 4, cudaMemcpyHostToDevice));
    EXPECT_EQ(seen_by_other(a), 1);
    EXPECT_CUDA(cudaMemcpy(b, from, 4, cudaMemcpyDeviceToDevice));
    EXPECT_EQ(seen_by_other(b), 1);
    int* pinned = new_pinned<int>(1);
    *pinned = 5;
    EXPECT_CUDA(cudaMemcpy(c, pinned, 4, cudaMemcpyHostToDevice));
    EXPECT_EQ(seen_by_other(c), 5);
    EXPECT_CUDA(cudaMemset(a, 0, 4));
    int value = 0;
    EXPECT_CUDA(cudaMemcpyAsync(&value, a, 4, cudaMemcpyDeviceToHost, other));
    EXPECT_EQ(value, 5);
    finish();
  };
  EXPECT_EXIT(body(), kPasses, "");
}

}  // namespace
