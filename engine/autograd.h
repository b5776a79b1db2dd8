#pragma once

#include <functional>
#include <vector>

#include "engine/tensor.h"

/// Reverse-mode differentiation on a tape. Ops executed while a Tape lives leave a node if any input needs a gradient;
/// without a Tape nothing is recorded and nothing is kept.
namespace cucurbit {

/// Where the derivative of the loss with respect to one tensor collects.
struct Gradient {
  Tensor value;          // undefined until the first contribution, unless `pinned`
  bool started = false;  // true once a contribution has been written: the next one adds
  // `value` is a fixed buffer, a parameter's slice of the store: contributions are written into it.
  bool pinned = false;
};

/// Marks `tensor` as one whose gradient is wanted (an input of the graph).
void require_gradient(Tensor& tensor);

class Tape {
 public:
  /// Becomes the tape of this thread; tapes nest.
  Tape();
  ~Tape();
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  /// The innermost tape, or null.
  static Tape* current();

  /// Backpropagates from `output` with cotangent `seed` (undefined: ones), newest node first. Every node is dropped
  /// once it has run, with the activations it held, so a tape serves one backward pass.
  void backward(const Tensor& output, Tensor seed = {});

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

/// While it lives nothing is recorded on this thread, whatever tapes live: for what is not differentiated.
class NoTape {
 public:
  NoTape();
  ~NoTape();
  NoTape(const NoTape&) = delete;
  NoTape& operator=(const NoTape&) = delete;

 private:
  Tape* previous_;
};

/// True if an op with these inputs must leave a node: a tape lives and some input needs its gradient.
bool needs_gradient(const std::vector<Tensor>& inputs);

/// Called by every op once its output is computed: if needs_gradient(inputs), gives `output` a gradient and records
/// `backward`, which receives dL/d(output) in output's shape and passes it on with gradient_target or add_gradient.
/// Undefined inputs are ignored. `backward` holds what it needs of the inputs by copies of the tensors.
void record(Tensor& output, const std::vector<Tensor>& inputs, std::function<void(const Tensor& dy)> backward);

/// Where a backward kernel shall write dL/dx, and whether it overwrites or adds.
struct GradientTarget {
  Tensor tensor;    // shape of x; element type of x, or f32 for parameters computed in bf16
  bool accumulate;  // false: overwrite every element; true: add to what is there
};

/// For kernels and GEMMs that can accumulate. Call once per contribution, only if wants_gradient(x).
GradientTarget gradient_target(const Tensor& x);

/// For backward passes that made dL/dx as a tensor of their own: takes it over, or adds it to what is there.
void add_gradient(const Tensor& x, const Tensor& dx);

inline bool wants_gradient(const Tensor& x) { return x && x.gradient() != nullptr; }

}  // namespace cucurbit
