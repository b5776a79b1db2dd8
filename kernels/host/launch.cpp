#include "kernels/host/launch.h"

#include <cstdlib>
#include <string>

#include "kernels/error.h"

namespace cucurbit {

namespace {
bool synchronise_after_launch() {
  static const bool on = [] {
    const char* value = std::getenv("CUCURBIT_SYNC");
    return value && std::string(value) == "1";
  }();
  return on;
}
}  // namespace

void check_launch(cudaError_t status, const char* kernel, Grid grid, int threads, cudaStream_t stream) {
  if (status == cudaSuccess && synchronise_after_launch()) {
    cudaStreamCaptureStatus capture{};
    status = cudaStreamIsCapturing(stream, &capture);
    if (status == cudaSuccess && capture == cudaStreamCaptureStatusNone) status = cudaStreamSynchronize(stream);
  }
  if (status == cudaSuccess) return;
  throw Error(ErrorKind::bug, std::string("[launch] ") + kernel + ": " + cudaGetErrorString(status) + ": " +
                                  std::to_string(grid.blocks) + " blocks of " + std::to_string(threads) + " threads, " +
                                  std::to_string(grid.shared_bytes) + " bytes of shared memory");
}

}  // namespace cucurbit
