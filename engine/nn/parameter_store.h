#pragma once

#include <vector>

#include "engine/nn/module.h"
#include "engine/tensor.h"
#include "kernels/optimizer.h"

namespace cucurbit {

/// The memory of all parameters of a network: masters and gradients in the accumulator type, and in bf16 networks a
/// bf16 copy that ops read. One kernel updates it, one call reduces it, one write saves it.
class ParameterStore {
 public:
  /// Gives every parameter and buffer of `module` its memory and initial value. The same seed gives the same values
  /// whatever the compute type. `module` must outlive the store.
  ParameterStore(Module& module, DType compute, uint64_t seed);

  const StateList& state() const { return state_; }
  DType compute() const { return compute_; }
  /// Number of trained values, without padding.
  int64_t parameter_count() const { return parameter_count_; }

  const Tensor& masters() const { return masters_; }
  const Tensor& gradients() const { return gradients_; }
  const Tensor& low_precision_copy() const { return low_precision_copy_; }
  /// Where a parameter begins in masters and in whatever is laid out alike, in elements.
  int64_t offset(const Parameter& parameter) const {
    return (static_cast<const char*>(parameter.master.raw()) - static_cast<const char*>(masters_.raw())) /
           int64_t(size_of(masters_.dtype()));
  }
  /// ParameterChunk table in device memory; segment i is parameter i of state().
  const Tensor& chunks() const { return chunks_; }
  int64_t chunk_count() const { return chunks_.size() / int64_t(sizeof(ParameterChunk)); }

  /// Before a backward pass: the next contribution to every gradient overwrites it.
  void begin_gradients();
  /// After it: parameters that received no gradient get zeros. Returns their names.
  std::vector<std::string> finish_gradients();
  /// After masters were written from outside (a checkpoint): brings the low-precision copy up to date.
  void refresh_low_precision_copy();
  /// Exchanges the masters with `other`, laid out alike (a moving average), and refreshes the low-precision copy.
  void exchange_masters(const Tensor& other);

 private:
  void place_parameters();
  void initialize(uint64_t seed);
  void make_chunks();

  StateList state_;
  DType compute_;
  int64_t parameter_count_ = 0;
  std::vector<int64_t> offsets_;  // of each parameter, in elements
  Tensor masters_, gradients_, low_precision_copy_, chunks_;
};

}  // namespace cucurbit
