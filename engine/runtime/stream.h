#pragma once

#include <cuda_runtime.h>

namespace cucurbit {

/// The stream on which the engine runs everything; created at first use, not synchronising with the legacy default
/// stream.
cudaStream_t stream();

/// Waits until everything queued so far is done; errors of earlier kernels surface here.
void synchronize();

}  // namespace cucurbit
