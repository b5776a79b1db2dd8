#include "engine/profile/profiler.h"

#include <algorithm>
#include <string_view>

#include "engine/runtime/check.h"
#include "engine/runtime/stream.h"

namespace cucurbit {

namespace {
/// True if `call` is of the same op on the same shape by the same algorithm as `op`.
bool alike(const OpTime& op, const char* name, const OpDescription& call) {
  const OpDescription& known = op.description;
  return op.op == name && known.shape == call.shape && known.direct.type == call.direct.type &&
         known.used.type == call.used.type && std::string_view(known.algorithm) == call.algorithm;
}

void add_call(std::vector<OpTime>& all, const char* name, const OpDescription& call, double seconds) {
  auto op = std::find_if(all.begin(), all.end(), [&](const OpTime& one) { return alike(one, name, call); });
  if (op == all.end()) {
    all.push_back({.op = name, .description = call, .seconds = seconds, .fastest = seconds, .calls = 1});
    return;
  }
  op->description.bytes += call.bytes;
  op->description.direct.flop += call.direct.flop;
  op->description.used.flop += call.used.flop;
  op->fastest = std::min(op->fastest, seconds);
  op->seconds += seconds;
  ++op->calls;
}
}  // namespace

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
    add_call(all, call.op, call.description, milliseconds * 1e-3);
  }
  forget();
  return all;
}

}  // namespace cucurbit
