#include "engine/train/supervised.h"

namespace cucurbit {

SupervisedStep::SupervisedStep(Network& network, const DeviceSet& data, const TrainOptions& options, LossFunction loss)
    : source_(data, options.augmentation, network),
      learner_(network, options.optimizer, options.learning_rates),
      loss_(std::move(loss)) {}

void SupervisedStep::run(const StepContext& context) {
  const Batch batch = source_.next(context);
  Tape tape;
  const Tensor logits = learner_.forward(batch.images, context.state).logits;
  context.backward(tape, loss_(logits, batch, context.meters));
}

void SupervisedStep::try_inference(int64_t batch_size) { source_.try_inference(learner_.network(), batch_size); }

Trainer supervised_trainer(Network& network, const DeviceSet& data, const TrainOptions& options, LossFunction loss) {
  return Trainer(std::make_unique<SupervisedStep>(network, data, options, std::move(loss)), options);
}

}  // namespace cucurbit
