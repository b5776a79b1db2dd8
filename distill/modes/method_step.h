#pragma once

#include "distill/modes/registry.h"
#include "engine/train/batch_source.h"

namespace cucurbit {

/// The step of a student that learns by a method: from the labels of each batch and, if there is a teacher, from its
/// answers.
class MethodStep : public Step {
 public:
  /// Throws Error bug if the teacher answers from a table of other images than the step trains on, or although they are
  /// augmented.
  explicit MethodStep(const ModeInputs& inputs);

  std::span<Learner* const> learners() override { return learners_; }
  int64_t samples() const override { return source_.data().count(); }
  void prepare(const StepState& at, int64_t batch_size) override { source_.prepare(at, batch_size); }
  void run(const StepContext& context) override;
  void try_inference(int64_t batch_size) override { source_.try_inference(learner_.network(), batch_size); }
  double take_waited() override { return source_.take_waited(); }

 private:
  BatchSource source_;
  const Teacher* teacher_;  // null for methods without one
  std::unique_ptr<Method> method_;
  Learner learner_;
  Learner* learners_[1] = {&learner_};
  std::vector<std::string> student_taps_, teacher_taps_;
};

}  // namespace cucurbit
