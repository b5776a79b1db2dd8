#pragma once

#include <string>
#include <vector>

#include "engine/nn/module.h"
#include "engine/tensor.h"
#include "kernels/optimizer.h"

namespace cucurbit {

/// What initial values are derived from: each is a function of (seed, role, parameter, element), whatever the compute
/// type. A network that is trained by itself has the empty role. Networks that are trained together, and the parts that
/// a method adds, have roles of their own, so that their initial values differ.
struct InitialValues {
  uint64_t seed = 0;
  std::string role = {};
};

/// The memory of all parameters that are trained together, those of a network and of the parts trained with it: masters
/// and gradients in the accumulator type and, in bf16 networks, a low-precision copy that ops read. Each of these is
/// one array, so that one kernel can update all parameters.
class ParameterStore {
 public:
  /// Gives every parameter and buffer of `module` its memory and initial values. `module` must outlive the store.
  ParameterStore(Module& module, DType compute, const InitialValues& initial);

  /// Adds another module, whose state is listed after the rest under names that begin with `prefix`. The parameters
  /// that the store already holds keep their values but move to new addresses, so nothing may point into the store yet
  /// (optimisers, captured steps).
  void add(const std::string& prefix, Module& module, const InitialValues& initial);

  /// Releases the memory of the gradients. From then on no op records anything for the parameters.
  void freeze();

  /// A checksum over all parameters and buffers, in hexadecimal. Waits for the device.
  std::string digest() const;

  const StateList& state() const { return state_; }
  DType compute() const { return compute_; }

  const Tensor& masters() const { return masters_; }
  const Tensor& gradients() const { return gradients_; }
  const Tensor& low_precision_copy() const { return low_precision_copy_; }
  /// Where a parameter begins in masters() and in every tensor of the same layout, in elements.
  int64_t offset(const Parameter& parameter) const {
    return (static_cast<const char*>(parameter.master.raw()) - static_cast<const char*>(masters_.raw())) /
           int64_t(size_of(masters_.dtype()));
  }
  /// ParameterChunk table in device memory; segment i is parameter i of state().
  const Tensor& chunks() const { return chunks_; }
  int64_t chunk_count() const { return chunks_.size() / int64_t(sizeof(ParameterChunk)); }

  /// Call before a backward pass: the next contribution to each gradient then overwrites it. Throws Error bug if frozen.
  void begin_gradients();
  /// Call after the backward pass: sets gradients without a contribution to zero. Returns the names of their
  /// parameters.
  std::vector<std::string> finish_gradients();
  /// Call after masters were written from outside, as from a checkpoint: brings the low-precision copy up to date.
  void refresh_low_precision_copy();
  /// Exchanges the masters with `other`, which has the same layout (a moving average), and refreshes the low-precision
  /// copy.
  void exchange_masters(const Tensor& other);

 private:
  void place_parameters();
  void initialize(size_t first, const InitialValues& initial);
  void make_buffers(size_t first);
  void make_chunks();

  StateList state_;
  DType compute_;
  std::vector<int64_t> offsets_;  // where each parameter begins, in elements
  Tensor masters_, gradients_, low_precision_copy_, chunks_;
};

}  // namespace cucurbit
