// Tests of strict mode: pinned memory that queued work uses.
#include "strict_support.h"

namespace {

using StrictPinnedDeathTest = SeparateProcess;

__global__ void add(int* value, int amount) { *value += amount; }
__global__ void read_pinned(const int* source, int* out) { *out = *source; }

const std::string kCopies = line_of(__FILE__, __LINE__ + 2);
void copy_to_device(int* device, const int* host, cudaStream_t stream) {
  EXPECT_CUDA(cudaMemcpyAsync(device, host, 4, cudaMemcpyHostToDevice, stream));
}

TEST_F(StrictPinnedDeathTest, WritingWhatACopyStillReadsIsAFinding) {
  const auto body = [] {
    be_strict();
    const cudaStream_t stream = new_stream();
    int *pinned = new_pinned<int>(4), *device = device_array<int>({0});
    pinned[0] = 1;
    copy_to_device(device, pinned, stream);
    EXPECT_EQ(read(pinned), 1);  // which is fine
    write(pinned, 2);
    EXPECT_CUDA(cudaStreamSynchronize(stream));
    EXPECT_EQ(host_copy(device, 1)[0], 2);  // the copy came too late
    pinned[0] = 3;
    finish();
  };
  EXPECT_EXIT(body(), kPasses,
              "^softgpu strict: host code writes pinned memory that cudaMemcpyAsync still reads, on a stream that "
              "nothing has synchronised.*" +
                  kWrites + ".*" + kCopies + ".*cudaStreamSynchronize[^:]*$");
}

TEST_F(StrictPinnedDeathTest, ReadingWhatACopyStillWritesIsAFinding) {
  const auto body = [] {
    be_strict();
    const cudaStream_t stream = new_stream();
    int *pinned = new_pinned<int>(4), *device = device_array<int>({7});
    pinned[0] = 1;
    EXPECT_CUDA(cudaMemcpyAsync(pinned, device, 4, cudaMemcpyDeviceToHost, stream));
    EXPECT_EQ(read(pinned), 1);
    EXPECT_CUDA(cudaStreamSynchronize(stream));
    EXPECT_EQ(pinned[0], 7);
    finish();
  };
  EXPECT_EXIT(body(), kPasses, "host code reads pinned memory that cudaMemcpyAsync still writes, on a stream");
}

TEST_F(StrictPinnedDeathTest, KernelsUsePinnedMemoryByTheirPointers) {
  const auto body = [] {
    be_strict();
    const cudaStream_t stream = new_stream();
    int *source = new_pinned<int>(4), *sum = new_pinned<int>(4);
    source[0] = sum[0] = 1;
    EXPECT_CUDA(launch(read_pinned, 1, 1, 0, stream, source, device_array<int>({0})));
    EXPECT_EQ(read(source), 1);
    EXPECT_CUDA(cudaStreamSynchronize(stream));
    EXPECT_CUDA(launch(add, 1, 1, 0, stream, sum, 1));
    std::fprintf(stderr, "so far nothing\n");
    EXPECT_EQ(read(sum), 1);
    finish();
  };
  EXPECT_EXIT(body(), kPasses, "^so far nothing.*host code reads pinned memory that .*add.* still writes, on a stream");
}

TEST_F(StrictPinnedDeathTest, OtherPartsOfPinnedMemoryStayUsable) {
  const auto body = [] {
    be_strict();
    const cudaStream_t stream = new_stream();
    int *pinned = new_pinned<int>(10000), *device = device_array(std::vector<int>(100, 6));
    pinned[0] = 1;
    EXPECT_CUDA(cudaMemcpyAsync(pinned + 5000, device, 400, cudaMemcpyDeviceToHost, stream));
    write(pinned + 4999, 2);  // the same page as what the copy writes
    write(pinned + 9999, 2);
    EXPECT_CUDA(cudaStreamSynchronize(stream));
    EXPECT_EQ(pinned[5000], 6);
    EXPECT_CUDA(cudaFreeHost(pinned));
    finish();
  };
  EXPECT_EXIT(body(), kPasses, "^$");
}

TEST_F(StrictPinnedDeathTest, GraphsUsePinnedMemoryFromTheirLaunchOn) {
  const auto body = [] {
    be_strict();
    const cudaStream_t stream = new_stream();
    int *pinned = new_pinned<int>(1), *device = device_array<int>({0});
    const cudaGraphExec_t exec =
        captured(stream, [&] { EXPECT_CUDA(cudaMemcpyAsync(device, pinned, 4, cudaMemcpyHostToDevice, stream)); });
    write(pinned, 4);
    EXPECT_CUDA(cudaGraphLaunch(exec, stream));
    std::fprintf(stderr, "so far nothing\n");
    write(pinned, 5);
    finish();
  };
  EXPECT_EXIT(body(), kPasses, "^so far nothing.*host code writes pinned memory that cudaGraphLaunch still reads");
}

}  // namespace
