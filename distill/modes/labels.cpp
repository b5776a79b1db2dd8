#include "distill/modes/labels.h"

#include "engine/ops/cross_entropy.h"
#include "engine/train/supervised.h"

namespace cucurbit {

ModeInfo labels_mode() {
  return {.name = "labels",
          .summary = "no teacher: cross-entropy with the labels",
          .needs_teacher = false,
          .make = [](const ModeInputs& inputs) -> std::unique_ptr<Step> {
            const LossFunction loss = [smoothing = inputs.weights.label_smoothing](const Tensor& logits,
                                                                                   const Batch& batch, Meters& meters) {
              return cross_entropy(logits, batch.labels, {.label_smoothing = smoothing, .second = batch.second},
                                   meters.counts());
            };
            return std::make_unique<SupervisedStep>(inputs.student, inputs.data, inputs.options, loss);
          }};
}

}  // namespace cucurbit
