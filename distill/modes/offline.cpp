#include "distill/modes/offline.h"

#include "engine/train/batch_source.h"

namespace cucurbit {

namespace {
class OfflineStep : public Step {
 public:
  explicit OfflineStep(const ModeInputs& inputs)
      : source_(inputs.data, inputs.options.augmentation, inputs.student),
        teacher_(*inputs.teacher),
        method_(make_method(inputs.method, inputs.weights)),
        learner_(inputs.student, method_->make_parts({inputs.student, teacher_.network()}), inputs.options.optimizer,
                 inputs.options.learning_rates, inputs.options.seed) {
    for (const auto& [student, teacher] : method_->taps({inputs.student, teacher_.network()})) {
      student_taps_.push_back(student);
      teacher_taps_.push_back(teacher);
    }
  }

  std::span<Learner* const> learners() override { return learners_; }
  int64_t samples() const override { return source_.data().count(); }
  void prepare(const StepState& at, int64_t batch_size) override { source_.prepare(at, batch_size); }
  void try_inference(int64_t batch_size) override { source_.try_inference(learner_.network(), batch_size); }
  double take_waited() override { return source_.take_waited(); }

  void run(const StepContext& context) override {
    const Batch batch = source_.next(context);
    // Before the student runs, so that the teacher's activations are gone when the student's fill the memory.
    const FrozenOutputs taught = teacher_.outputs(batch, teacher_taps_);
    Tape tape;
    const Outputs student = learner_.forward(batch.images, context.state, student_taps_);
    Terms terms(context.meters, context.batch_size);
    method_->add_terms({student, taught, batch, context.state}, terms);
    context.backward(tape, terms.total());
  }

 private:
  BatchSource source_;
  const Teacher& teacher_;
  std::unique_ptr<Method> method_;
  Learner learner_;
  Learner* learners_[1] = {&learner_};
  std::vector<std::string> student_taps_, teacher_taps_;
};
}  // namespace

ModeInfo offline_mode() {
  return {
      .name = "offline",
      .summary = "a frozen teacher answers for each batch",
      .needs_teacher = true,
      .make = [](const ModeInputs& inputs) -> std::unique_ptr<Step> { return std::make_unique<OfflineStep>(inputs); }};
}

}  // namespace cucurbit
