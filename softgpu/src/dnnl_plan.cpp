#include "dnnl_plan.h"

#include <omp.h>

#include <cstdlib>
#include <new>
#include <utility>

/// Makes plans, binds them to pointers, and keeps them.

namespace softgpu::onednn {
namespace {

constexpr size_t kAlignment = 64;

size_t aligned(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

dnnl::reorder reorder_between(const dnnl::memory::desc& from, const dnnl::memory::desc& to) {
  return dnnl::reorder(dnnl::reorder::primitive_desc(engine(), from, engine(), to));
}

struct Step {
  dnnl::primitive primitive;
  std::unordered_map<int, dnnl::memory> arguments;
};

void run(const std::vector<Step>& steps) {
  static dnnl::stream stream(engine());
  for (const Step& step : steps) step.primitive.execute(stream, step.arguments);
  stream.wait();
}

}  // namespace

Plan::Plan(dnnl::primitive primitive, std::vector<Operand> operands)
    : primitive_(std::move(primitive)),
      operands_(std::move(operands)),
      enter_(operands_.size()),
      leave_(operands_.size()) {
  for (size_t i = 0; i < operands_.size(); ++i) {
    const auto& [argument, outer, inner, access] = operands_[i];
    if (outer == inner) continue;
    if (access != Access::kWrite) enter_[i] = reorder_between(outer, inner);
    if (access != Access::kRead) leave_[i] = reorder_between(inner, outer);
    scratch_bytes_ += aligned(inner.get_size());
  }
  if (scratch_bytes_ > 0) scratch_bytes_ += kAlignment;  // the buffer may start at any address and is aligned in bind()
}

std::function<void()> Plan::bind(std::span<void* const> pointers, void* scratch) const {
  auto* next = reinterpret_cast<std::byte*>(aligned(reinterpret_cast<uintptr_t>(scratch)));
  Step body{primitive_, {}};
  std::vector<Step> steps, after;
  for (size_t i = 0; i < operands_.size(); ++i) {
    const auto& [argument, outer, inner, access] = operands_[i];
    const dnnl::memory given(outer, engine(), pointers[i]);
    if (outer == inner) {
      body.arguments.emplace(argument, given);
      continue;
    }
    const dnnl::memory worked(inner, engine(), next);
    next += aligned(inner.get_size());
    body.arguments.emplace(argument, worked);
    if (enter_[i]) steps.push_back({enter_[i], {{DNNL_ARG_FROM, given}, {DNNL_ARG_TO, worked}}});
    if (leave_[i]) after.push_back({leave_[i], {{DNNL_ARG_FROM, worked}, {DNNL_ARG_TO, given}}});
  }
  steps.push_back(std::move(body));
  steps.insert(steps.end(), after.begin(), after.end());
  return [steps = std::move(steps)] { run(steps); };
}

PlanCache& PlanCache::instance() {
  static PlanCache cache;
  return cache;
}

size_t PlanCache::Hash::operator()(const PlanKey& key) const {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const int64_t part : key) {
    hash = (hash ^ static_cast<uint64_t>(part)) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 32;
  }
  return hash;
}

std::shared_ptr<const Plan> PlanCache::get(PlanKey key, const std::function<Plan()>& make) {
  key.push_back(omp_get_max_threads());
  std::lock_guard lock(mutex_);
  if (const auto found = plans_.find(key); found != plans_.end()) return found->second;
  return plans_.emplace(std::move(key), std::make_shared<const Plan>(make())).first->second;
}

std::shared_ptr<std::byte> Scratch::at_least(size_t bytes) {
  if (bytes > bytes_ || buffer_ == nullptr) {
    const size_t size = aligned(bytes > 0 ? bytes : 1);
    auto* fresh = static_cast<std::byte*>(std::aligned_alloc(kAlignment, size));
    if (fresh == nullptr) throw std::bad_alloc();
    buffer_.reset(fresh, std::free);
    bytes_ = size;
  }
  return buffer_;
}

}  // namespace softgpu::onednn
