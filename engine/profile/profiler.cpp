#include "engine/profile/profiler.h"

#include <algorithm>

#include "engine/runtime/check.h"
#include "engine/runtime/stream.h"

namespace cucurbit {

namespace {
thread_local Profiler* innermost = nullptr;
}

Profiler::Profiler() : previous_(innermost) { innermost = this; }

Profiler::~Profiler() {
  innermost = previous_;
  for (const Call& call : calls_) {
    cudaEventDestroy(call.start);
    cudaEventDestroy(call.stop);
  }
}

Profiler* Profiler::current() { return innermost; }

Profiler::Call& Profiler::begin(const char* op, std::string shape, Work work) {
  Call& call = calls_.emplace_back(Call{op, std::move(shape), work, nullptr, nullptr});
  check_cuda(cudaEventCreate(&call.start), "profile");
  check_cuda(cudaEventCreate(&call.stop), "profile");
  check_cuda(cudaEventRecord(call.start, stream()), "profile");
  return call;
}

void ProfileScope::end() noexcept { cudaEventRecord(call_->stop, stream()); }

std::vector<OpTime> Profiler::take() {
  synchronize();
  std::vector<OpTime> all;
  for (const Call& call : calls_) {
    float milliseconds = 0;
    check_cuda(cudaEventElapsedTime(&milliseconds, call.start, call.stop), "profile");
    cudaEventDestroy(call.start);
    cudaEventDestroy(call.stop);
    auto known = std::find_if(all.begin(), all.end(),
                              [&](const OpTime& op) { return op.op == call.op && op.shape == call.shape; });
    if (known == all.end()) known = all.insert(all.end(), OpTime{.op = call.op, .shape = call.shape, .work = {}});
    known->work.flop += call.work.flop;
    known->work.bytes += call.work.bytes;
    const double seconds = milliseconds * 1e-3;
    known->fastest = known->calls ? std::min(known->fastest, seconds) : seconds;
    known->seconds += seconds;
    ++known->calls;
  }
  calls_.clear();
  return all;
}

}  // namespace cucurbit
