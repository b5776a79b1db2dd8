#pragma once

#include <functional>
#include <vector>

#include "engine/tensor.h"

/// Reverse-mode differentiation on a tape. An op executed while a Tape exists records a node if any of its inputs needs
/// a gradient; without a Tape nothing is recorded and no activation is kept.
namespace cucurbit {

/// The derivative of the loss with respect to one tensor, summed over its contributions.
struct Gradient {
  Tensor value;          // undefined until the first contribution, unless `pinned`
  bool started = false;  // true once a contribution has been written: the next one adds
  // `value` is a fixed buffer, a parameter's slice of the store: contributions are written into it.
  bool pinned = false;
};

/// Requests the gradient of `tensor`, an input of the graph.
void require_gradient(Tensor& tensor);

class Tape {
 public:
  /// Makes this the current tape of the thread. Tapes nest: the destructor makes the previous tape current again.
  Tape();
  ~Tape();
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  /// The innermost tape, or null.
  static Tape* current();

  /// Backpropagates from `output` with cotangent `seed` (undefined: ones), newest node first. Each node is dropped once
  /// it has run, together with the activations it held, so a tape serves one backward pass. Throws Error bug if
  /// `output` does not depend on a tensor that needs a gradient, or if `seed` has another shape.
  void backward(const Tensor& output, Tensor seed = {});

  /// Number of nodes that are recorded and have not run.
  size_t nodes() const { return nodes_.size(); }

 private:
  friend void record(Tensor& output, const std::vector<Tensor>& inputs, std::function<void(const Tensor& dy)> backward);
  struct Node {
    Tensor output;
    std::function<void(const Tensor& dy)> backward;
  };
  std::vector<Node> nodes_;
  Tape* previous_;
};

/// While an object of this class exists, nothing is recorded on its thread, whether or not there is a tape: for
/// computations that are not differentiated.
class NoTape {
 public:
  NoTape();
  ~NoTape();
  NoTape(const NoTape&) = delete;
  NoTape& operator=(const NoTape&) = delete;

 private:
  Tape* previous_;
};

/// True if an op with these inputs must record a node: there is a tape, and some input needs its gradient.
bool needs_gradient(const std::vector<Tensor>& inputs);

/// Called by every op once its output is computed: if needs_gradient(inputs), gives `output` a gradient and records
/// `backward`, which receives dL/d(output) in output's shape and passes it on with gradient_target or add_gradient.
/// Undefined inputs are ignored. `backward` keeps the tensors that it needs as copies, which share their memory.
void record(Tensor& output, const std::vector<Tensor>& inputs, std::function<void(const Tensor& dy)> backward);

/// Where a backward kernel writes dL/dx, and whether it overwrites or adds.
struct GradientTarget {
  Tensor tensor;    // shape of x; element type of x, or f32 for parameters computed in bf16
  bool accumulate;  // false: overwrite every element; true: add to what is there
};

/// The target of one contribution to dL/dx, for kernels and GEMMs that can accumulate. Call once per contribution, and
/// only if wants_gradient(x).
GradientTarget gradient_target(const Tensor& x);

/// Makes `dx` the gradient of x or adds it to the gradient that is already there, for backward passes that have
/// computed a contribution as a separate tensor. Throws Error bug if the sizes differ.
void add_gradient(const Tensor& x, const Tensor& dx);

/// True if x is defined and its gradient is needed.
inline bool wants_gradient(const Tensor& x) { return x && x.gradient() != nullptr; }

}  // namespace cucurbit
