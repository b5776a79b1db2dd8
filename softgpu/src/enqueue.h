#pragma once

#include <functional>
#include <vector>

#include "cuda_runtime.h"
#include "strict.h"

namespace softgpu {

/// Enqueues `work` into `stream`: runs it now, or records it as a graph node when the stream is capturing. The vendor
/// libraries (cuBLAS, cuDNN) use this to put their routines in stream order. A graph calls `work` at every launch, so
/// `work` must own what it needs, by value.
///
/// Returns what a launch on that stream would return: cudaErrorInvalidResourceHandle, a capture error, or the sticky
/// error of the device. Where orders are kept (order.h), `uses` must list what `work`, a call of `routine`, reads and
/// writes; otherwise it may be empty. In strict mode, errors of `work` are returned by a later call. An exception that
/// leaves `work` becomes cudaErrorMemoryAllocation (std::bad_alloc) or the sticky cudaErrorLaunchFailure, with its text
/// on stderr.
cudaError_t enqueue(cudaStream_t stream, std::function<void()> work, const char* routine, std::vector<Use> uses);

}  // namespace softgpu
