#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "dnnl_api.h"

/// Plans: oneDNN primitives that are compiled once and bound to pointers for each call.

namespace softgpu::onednn {

enum class Access { kRead, kWrite, kUpdate };

/// An argument of a primitive, with the caller's layout and the one that the primitive uses.
struct Operand {
  int argument;
  dnnl::memory::desc outer;
  dnnl::memory::desc inner;
  Access access;
};

/// A primitive with the reorders that convert its operands from the caller's layouts to its own and back. It is
/// immutable: compiled once, and bound to pointers for each call.
class Plan {
 public:
  Plan(dnnl::primitive primitive, std::vector<Operand> operands);

  /// Bytes of scratch memory that `bind` needs for operands whose two layouts differ; 0 when there are none.
  size_t scratch_bytes() const { return scratch_bytes_; }

  /// The work on these buffers, with `pointers` in the order of the operands. The result owns everything but the
  /// buffers and may be run any number of times.
  std::function<void()> bind(std::span<void* const> pointers, void* scratch) const;

 private:
  dnnl::primitive primitive_;
  std::vector<Operand> operands_;
  std::vector<dnnl::reorder> enter_, leave_;  // by operand; empty where the layouts agree
  size_t scratch_bytes_ = 0;
};

using PlanKey = std::vector<int64_t>;

/// The plans made so far in this process, keyed by everything that they depend on.
class PlanCache {
 public:
  static PlanCache& instance();

  /// Looks the plan up, or makes it. The number of OpenMP threads is added to the key, because a primitive is compiled
  /// for it. Throws what `make` throws, for example dnnl::error.
  std::shared_ptr<const Plan> get(PlanKey key, const std::function<Plan()>& make);

 private:
  struct Hash {
    size_t operator()(const PlanKey& key) const;
  };

  std::mutex mutex_;
  std::unordered_map<PlanKey, std::shared_ptr<const Plan>, Hash> plans_;
};

/// A buffer that a handle reuses from call to call. When it has to grow, the old one stays alive for as long as
/// anything, for instance a graph, still holds it. Sharing is safe because the device does one thing at a time.
class Scratch {
 public:
  std::shared_ptr<std::byte> at_least(size_t bytes);

 private:
  std::shared_ptr<std::byte> buffer_;
  size_t bytes_ = 0;
};

}  // namespace softgpu::onednn
