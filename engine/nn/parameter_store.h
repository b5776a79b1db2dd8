#pragma once

#include <string>
#include <vector>

#include "engine/nn/module.h"
#include "engine/tensor.h"
#include "kernels/optimizer.h"

namespace cucurbit {

/// Whose initial values are drawn: (seed, role, parameter, element) decide each of them, whatever the compute type. The
/// empty role is that of a network trained by itself; networks trained together, and the parts that a method adds, have
/// roles of their own, so that they differ from it and from each other.
struct InitialValues {
  uint64_t seed = 0;
  std::string role = {};
};

/// The memory of all parameters that are trained together, those of a network and of whatever is trained with it:
/// masters and gradients in the accumulator type, and in bf16 networks a bf16 copy that ops read. One kernel updates
/// it, one call reduces it, one write saves it.
class ParameterStore {
 public:
  /// Gives every parameter and buffer of `module` its memory and initial value. `module` must outlive the store.
  ParameterStore(Module& module, DType compute, const InitialValues& initial);

  /// Takes in another module, whose state is listed behind the rest with names that begin with `prefix`. What is there
  /// keeps its values but moves: nothing may point into the store yet (optimisers, captured steps).
  void add(const std::string& prefix, Module& module, const InitialValues& initial);

  /// Gives the gradients' memory back. From now on no op records anything for the parameters.
  void freeze();

  /// A checksum of every parameter and buffer, in hexadecimal. Waits for the device.
  std::string digest() const;

  const StateList& state() const { return state_; }
  DType compute() const { return compute_; }

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

  /// Before a backward pass: the next contribution to every gradient overwrites it. Throws Error bug if frozen.
  void begin_gradients();
  /// After it: parameters that received no gradient get zeros. Returns their names.
  std::vector<std::string> finish_gradients();
  /// After masters were written from outside (a checkpoint): brings the low-precision copy up to date.
  void refresh_low_precision_copy();
  /// Exchanges the masters with `other`, laid out alike (a moving average), and refreshes the low-precision copy.
  void exchange_masters(const Tensor& other);

 private:
  void place_parameters();
  void initialize(size_t first, const InitialValues& initial);
  void make_buffers(size_t first);
  void make_chunks();

  StateList state_;
  DType compute_;
  std::vector<int64_t> offsets_;  // of each parameter, in elements
  Tensor masters_, gradients_, low_precision_copy_, chunks_;
};

}  // namespace cucurbit
