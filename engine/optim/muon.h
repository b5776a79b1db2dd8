#pragma once

#include <vector>

#include "engine/nn/parameter_store.h"
#include "kernels/muon.h"

namespace cucurbit {

/// The directions in which Muon (Jordan 2024) updates the matrices of a network. With g the gradient of a matrix [M, N]
/// (a filter counts as [K, R S C]):
///
///   v = momentum v + g;   X = g + momentum v;   X /= |X|
///   five times: X = 3.4445 X - 4.7750 (X X^T) X + 2.0315 (X X^T)^2 X
///
/// which brings all singular values near 1. The products are computed by gemm of engine/ops/matmul.h, with X^T X in
/// place of X X^T if M > N.
class Muon {
 public:
  /// With `everything` Muon updates all matrices; otherwise all but the first and the last weight of the network, which
  /// belong to its input layer and its classifier. Depthwise filters never count as matrices.
  Muon(const ParameterStore& store, double momentum, bool nesterov, bool everything);

  /// For each parameter, in the order of the store, whether Muon updates it; the chunks of these parameters, and the
  /// chunks of all others.
  const std::vector<bool>& chosen() const { return chosen_; }
  const Tensor& chunks() const { return chunks_; }
  const Tensor& other_chunks() const { return other_chunks_; }
  /// sqrt(max(1, M / N)), by which the learning rate of a parameter is multiplied.
  static double rate_factor(const Parameter& parameter);

  /// Queues the update of `velocities` and of directions(), which both have the layout of the store's masters.
  /// `gradient_scale` is a factor for all gradients in device memory, or null.
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
