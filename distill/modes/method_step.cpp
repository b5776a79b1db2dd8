#include "distill/modes/method_step.h"

#include "kernels/error.h"

namespace cucurbit {

namespace {
Pair pair_of(const ModeInputs& inputs) {
  return {inputs.student, inputs.teacher ? &inputs.teacher->network() : nullptr};
}

const Teacher* checked(const ModeInputs& inputs) {
  const Teacher* teacher = inputs.teacher;
  if (teacher && teacher->cached() && !inputs.options.augmentation.is_identity())
    throw Error(ErrorKind::bug, "[distill] the teacher answers from a table, and the images are augmented");
  if (teacher && &teacher->data() != &inputs.data)
    throw Error(ErrorKind::bug, "[distill] the teacher was made for other images than those that are trained on");
  return teacher;
}
}  // namespace

MethodStep::MethodStep(const ModeInputs& inputs)
    : source_(inputs.data, inputs.options.augmentation, inputs.student),
      teacher_(checked(inputs)),
      method_(make_method(inputs.method, inputs.weights)),
      learner_(inputs.student, method_->make_parts(pair_of(inputs)), inputs.options.optimizer,
               inputs.options.learning_rates, inputs.options.seed) {
  for (const auto& [student, teacher] : method_->taps(pair_of(inputs))) {
    student_taps_.push_back(student);
    teacher_taps_.push_back(teacher);
  }
}

void MethodStep::run(const StepContext& context) {
  const Batch batch = source_.next(context);
  // Before the student runs, so that the teacher's activations are gone when the student's fill the memory.
  const FrozenOutputs taught = teacher_ ? teacher_->outputs(batch, teacher_taps_) : FrozenOutputs();
  Tape tape;
  const Outputs student = learner_.forward(batch.images, context.state, student_taps_);
  Terms terms(context.meters, context.batch_size);
  method_->add_terms({student, taught, batch, context.state}, terms);
  context.backward(tape, terms.total());
}

}  // namespace cucurbit
