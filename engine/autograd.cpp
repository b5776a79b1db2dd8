#include "engine/autograd.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/runtime/stream.h"
#include "kernels/elementwise.h"
#include "kernels/error.h"

namespace cucurbit {

namespace {
thread_local Tape* innermost = nullptr;

/// into = from, or into += from; element types may differ.
void write_gradient(const Tensor& into, const Tensor& from, bool accumulate) {
  dispatch_float(into.dtype(), "gradient", [&]<class To>(Type<To>) {
    dispatch_float(from.dtype(), "gradient", [&]<class From>(Type<From>) {
      if (accumulate)
        kernels::add_into(from.data<From>(), into.data<To>(), into.size(), stream());
      else
        kernels::cast(from.data<From>(), into.data<To>(), into.size(), stream());
    });
  });
}

Tensor ones_like(const Tensor& tensor) {
  Tensor made = Tensor::empty(tensor.shape(), tensor.dtype());
  dispatch_float(tensor.dtype(), "backward",
                 [&]<class T>(Type<T>) { kernels::fill(made.data<T>(), made.size(), 1.0, stream()); });
  return made;
}
}  // namespace

void require_gradient(Tensor& tensor) { tensor.set_gradient(std::make_shared<Gradient>()); }

Tape::Tape() : previous_(innermost) { innermost = this; }
Tape::~Tape() { innermost = previous_; }
Tape* Tape::current() { return innermost; }

NoTape::NoTape() : previous_(innermost) { innermost = nullptr; }
NoTape::~NoTape() { innermost = previous_; }

bool needs_gradient(const std::vector<Tensor>& inputs) {
  return Tape::current() &&
         std::any_of(inputs.begin(), inputs.end(), [](const Tensor& x) { return wants_gradient(x); });
}

void record(Tensor& output, const std::vector<Tensor>& inputs, std::function<void(const Tensor& dy)> backward) {
  if (!needs_gradient(inputs)) return;
  require_gradient(output);
  Tape::current()->nodes_.push_back({output, std::move(backward)});
}

void Tape::backward(const Tensor& output, Tensor seed) {
  if (!wants_gradient(output))
    throw Error(ErrorKind::bug,
                fmt::format("[backward] {} does not depend on anything that needs a gradient", describe(output)));
  if (seed && seed.shape() != output.shape())
    throw Error(ErrorKind::bug, fmt::format("[backward] cotangent {} for output {}: the shapes must be equal",
                                            describe(seed), describe(output)));
  add_gradient(output, seed ? seed : ones_like(output));
  while (!nodes_.empty()) {
    Node node = std::move(nodes_.back());
    nodes_.pop_back();
    Gradient& gradient = *node.output.gradient();
    if (!gradient.started) continue;  // the loss does not depend on it
    node.backward(gradient.value.reshape(node.output.shape()));
    gradient = {};
  }
}

GradientTarget gradient_target(const Tensor& x) {
  Gradient& gradient = *x.gradient();
  const bool accumulate = std::exchange(gradient.started, true);
  if (!gradient.value) gradient.value = Tensor::empty(x.shape(), x.dtype());
  if (accumulate && !gradient.pinned && !gradient.value.sole_owner()) {
    // The buffer is shared with another tensor's gradient (x + x passes one cotangent to both): adding in place would
    // change that gradient too.
    Tensor own = Tensor::empty(gradient.value.shape(), gradient.value.dtype());
    write_gradient(own, gradient.value, false);
    gradient.value = own;
  }
  return {gradient.value.reshape(x.shape()), accumulate};
}

void add_gradient(const Tensor& x, const Tensor& dx) {
  if (dx.size() != x.size())
    throw Error(ErrorKind::bug,
                fmt::format("[gradient] dL/dx is {} for x {}: the sizes must be equal", describe(dx), describe(x)));
  Gradient& gradient = *x.gradient();
  if (!gradient.started && !gradient.pinned && dx.dtype() == x.dtype()) {
    gradient.value = dx.detach();
    gradient.started = true;
    return;
  }
  const GradientTarget target = gradient_target(x);
  write_gradient(target.tensor, dx, target.accumulate);
}

}  // namespace cucurbit
