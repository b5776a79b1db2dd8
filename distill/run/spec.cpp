#include "distill/run/spec.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/runtime/native_bf16.h"
#include "kernels/error.h"

namespace cucurbit {

Precision resolved(Precision precision) {
  if (precision != Precision::automatic) return precision;
  return native_bf16() ? Precision::bfloat16 : Precision::float32;
}

DType RunSpec::compute_type() const { return resolved(amp_dtype) == Precision::bfloat16 ? DType::bf16 : DType::f32; }

Augmentation RunSpec::augmentation() const { return overfit_batches > 0 ? Augmentation{} : augment.augmentation(); }

EvaluationOptions RunSpec::evaluation_options() const {
  // No larger than what was trained, so that it fits where training does.
  constexpr int64_t kLargest = 1000;
  return {.batch_size = std::min(kLargest, batch_size), .flip = tta == TestTimeAugmentation::flip};
}

FitOptions RunSpec::fit_options() const {
  constexpr int64_t kFastDevSteps = 20;
  return {.epochs = total_epochs(),
          .max_steps = fast_dev_run ? kFastDevSteps : max_steps,
          .patience = patience,
          .validation = evaluation_options()};
}

TrainOptions RunSpec::train_options(int64_t images) const {
  if (batch_size < 1 || grad_accum_steps < 1)
    throw Error(ErrorKind::usage, fmt::format("[train] `batch_size` {} and `grad_accum_steps` {}: expected at least 1",
                                              batch_size, grad_accum_steps));
  const int64_t steps_per_epoch = images / batch_size / grad_accum_steps;  // whose product may be beyond any number
  TrainOptions options;
  options.batch_size = batch_size;
  options.grad_accum_steps = grad_accum_steps;
  options.seed = seed;
  options.graph = !no_graph;
  options.augmentation = augmentation();
  options.optimizer = optimizer.options();
  options.optimizer.ema_decay = schedule.model_ema_decay;
  options.optimizer.ema_warmup = schedule.model_ema_warmup;
  options.learning_rates =
      learning_rates(schedule.schedule(optimizer.lr, steps_per_epoch), steps_per_epoch * total_epochs());
  return options;
}

}  // namespace cucurbit
