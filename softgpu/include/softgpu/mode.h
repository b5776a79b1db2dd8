#pragma once

namespace softgpu {

/// True when every block must be launched with one thread (fast mode, the default). The environment variable
/// SOFTGPU_MODE names the mode; it is read once, at the first call.
bool one_thread_blocks();

}  // namespace softgpu
