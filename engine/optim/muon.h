#pragma once

#include <vector>

#include "engine/nn/parameter_store.h"
#include "kernels/muon.h"

namespace cucurbit {

/// Directions in which Muon (Jordan 2024) moves the matrices of a network. With g the gradient of a matrix [M, N] (a
/// filter is [K, R S C]):
///
///   v = momentum v + g;   X = g + momentum v;   X /= |X|
///   five times: X = 3.4445 X - 4.7750 (X X^T) X + 2.0315 (X X^T)^2 X
///
/// which brings all singular values near 1. Products are those of engine/ops/matmul.h, on X^T X where M > N.
class Muon {
 public:
  /// `everything`: all matrices; otherwise without the first and the last weight of the network, which are its input
  /// layer and its classifier. Depthwise filters are never matrices.
  Muon(const ParameterStore& store, double momentum, bool nesterov, bool everything);

  /// True for the parameters, in order of the store, that are moved so; the chunks that hold these, and the others.
  const std::vector<bool>& chosen() const { return chosen_; }
  const Tensor& chunks() const { return chunks_; }
  const Tensor& other_chunks() const { return other_chunks_; }
  /// sqrt(max(1, M / N)) of a parameter: what its learning rate is multiplied by.
  static double rate_factor(const Parameter& parameter);

  /// Queues the update of `velocities` and of directions(), both laid out as the store's masters.
  void update(const Tensor& velocities, const float* gradient_scale);
  const Tensor& directions() const { return directions_; }

 private:
  const ParameterStore& store_;
  double momentum_;
  bool nesterov_;
  std::vector<bool> chosen_;
  Tensor chunks_, other_chunks_;  // ParameterChunk
  Tensor ranges_;                 // ChunkRange of each parameter
  Tensor partial_, directions_;
};

}  // namespace cucurbit
