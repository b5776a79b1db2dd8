#include "engine/profile/profiler.h"

#include <algorithm>

#include "engine/runtime/check.h"
#include "engine/runtime/stream.h"

namespace cucurbit {

Profiler::~Profiler() { forget(); }

void Profiler::forget() noexcept {
  for (const Call& call : calls_) {
    cudaEventDestroy(call.start);
    cudaEventDestroy(call.stop);
  }
  calls_.clear();
}

void Profiler::begin(const char* op, OpDescription description) {
  Call& call = calls_.emplace_back(Call{op, std::move(description), nullptr, nullptr});
  check_cuda(cudaEventCreate(&call.start), "profile");
  check_cuda(cudaEventCreate(&call.stop), "profile");
  check_cuda(cudaEventRecord(call.start, stream()), "profile");
  open_.push_back(calls_.size() - 1);
}

void Profiler::end() noexcept {
  cudaEventRecord(calls_[open_.back()].stop, stream());  // take() reports a failure
  open_.pop_back();
}

std::vector<OpTime> Profiler::take() {
  synchronize();
  std::vector<OpTime> all;
  for (const Call& call : calls_) {
    float milliseconds = 0;
    check_cuda(cudaEventElapsedTime(&milliseconds, call.start, call.stop), "profile");
    auto known = std::find_if(all.begin(), all.end(),
                              [&](const OpTime& op) { return op.op == call.op && op.shape == call.description.shape; });
    if (known == all.end())
      known = all.insert(all.end(), OpTime{.op = call.op, .shape = call.description.shape, .work = {}});
    known->work.flop += call.description.work.flop;
    known->work.bytes += call.description.work.bytes;
    const double seconds = milliseconds * 1e-3;
    known->fastest = known->calls ? std::min(known->fastest, seconds) : seconds;
    known->seconds += seconds;
    ++known->calls;
  }
  forget();
  return all;
}

}  // namespace cucurbit
