#pragma once

#include <string>

#include "softgpu/runtime_support.h"

/// Launches one block of kernel(arguments...), which misuses a function, and returns the report on stderr. The launch
/// must fail. The device is reset afterwards.
template <class... Params, class... Args>
std::string what_is_said_of_misuse(void (*kernel)(Params...), unsigned threads, Args... args) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(outcome(launch(kernel, 1, threads, 0, nullptr, args...)), cudaErrorLaunchFailure);
  EXPECT_CUDA(cudaDeviceReset());
  return testing::internal::GetCapturedStderr();
}
