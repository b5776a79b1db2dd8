#include "engine/runtime/stream.h"

#include "engine/runtime/check.h"

namespace cucurbit {

cudaStream_t stream() {
  static const cudaStream_t shared = [] {
    cudaStream_t made{};
    check_cuda(cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking), "stream");
    return made;
  }();
  return shared;
}

void synchronize() { check_cuda(cudaStreamSynchronize(stream()), "synchronize"); }

}  // namespace cucurbit
