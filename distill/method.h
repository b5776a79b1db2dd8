#pragma once

#include <string>
#include <vector>

#include "distill/teacher.h"
#include "distill/terms.h"
#include "engine/train/learner.h"

/// A method of distillation: what a student is to learn of a teacher, as the terms of a loss. How the two are brought
/// together, step by step, is a mode (distill/modes).
namespace cucurbit {

/// The two networks that a method is made for.
struct Pair {
  const Network& student;
  const FrozenNetwork* teacher;  // null for methods without one
};

/// A tap of the student and the tap of the teacher that it is compared with.
struct TapPair {
  std::string student, teacher;
};

/// One micro-batch.
struct DistillInputs {
  const Outputs& student;
  const FrozenOutputs& teacher;  // undefined logits for methods without one
  const Batch& batch;
  const StepState* state;  // device memory: what may change over the training is read through it
};

class Method {
 public:
  virtual ~Method() = default;

  /// The taps that add_terms reads. Default: none, the logits alone.
  virtual std::vector<TapPair> taps(const Pair& /*pair*/) const { return {}; }

  /// The modules that are trained with the student, made for the shapes of this pair. Being declared here, they are
  /// updated, averaged, saved and resumed with it. The student owns them from then on; the method keeps pointers to
  /// those that it uses.
  virtual std::vector<Learner::Part> make_parts(const Pair& /*pair*/) { return {}; }

  /// Queues the terms of the loss. Captured: must not wait, nor read from the host what changes.
  virtual void add_terms(const DistillInputs& inputs, Terms& terms) = 0;
};

}  // namespace cucurbit
