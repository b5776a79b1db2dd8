#pragma once

#include <cuda_runtime.h>

#include "engine/runtime/check.h"
#include "engine/runtime/stream.h"

namespace cucurbit::bench {

/// Measures the time between two points of stream() by events: on a GPU, time spent on the host alone does not count.
class DeviceTimer {
 public:
  DeviceTimer() {
    check_cuda(cudaEventCreate(&start_), "timer");
    check_cuda(cudaEventCreate(&stop_), "timer");
  }
  ~DeviceTimer() {
    cudaEventDestroy(start_);
    cudaEventDestroy(stop_);
  }
  DeviceTimer(const DeviceTimer&) = delete;
  DeviceTimer& operator=(const DeviceTimer&) = delete;

  /// The seconds that the work queued by `run` takes; waits for it.
  template <class F>
  double seconds(F&& run) {
    check_cuda(cudaEventRecord(start_, stream()), "timer");
    run();
    check_cuda(cudaEventRecord(stop_, stream()), "timer");
    check_cuda(cudaEventSynchronize(stop_), "timer");
    float milliseconds = 0;
    check_cuda(cudaEventElapsedTime(&milliseconds, start_, stop_), "timer");
    return milliseconds * 1e-3;
  }

 private:
  cudaEvent_t start_{}, stop_{};
};

}  // namespace cucurbit::bench
