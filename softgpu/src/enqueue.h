#pragma once

#include <functional>
#include <vector>

#include "cuda_runtime.h"
#include "strict.h"

namespace softgpu {

/// Gives `work` to `stream`: runs it now, or records it as a graph node when the stream captures. It is how the
/// vendor libraries (cuBLAS, cuDNN) put their routines in stream order; a replayed graph calls `work` once per launch,
/// so it must own what it captures by value.
///
/// Returns what a launch on that stream would: cudaErrorInvalidResourceHandle, a capture error, the sticky error of
/// the device. Where orders are kept (order.h) `uses` must tell what `work`, a call of `routine`, reads and writes; it
/// may be empty otherwise. In strict mode errors of `work` come from a later call. An exception that leaves `work`
/// becomes cudaErrorMemoryAllocation (std::bad_alloc) or the sticky cudaErrorLaunchFailure, its text on stderr.
cudaError_t enqueue(cudaStream_t stream, std::function<void()> work, const char* routine, std::vector<Use> uses);

}  // namespace softgpu
