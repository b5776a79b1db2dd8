#include "distill/modes/labels.h"

#include "distill/modes/method_step.h"

namespace cucurbit {

ModeInfo labels_mode() {
  return {.name = "labels",
          .summary = "no teacher: a method that learns from the labels alone",
          .needs_teacher = false,
          .make = [](const ModeInputs& inputs) -> std::unique_ptr<Step> {
            ModeInputs alone = inputs;
            alone.teacher = nullptr;
            return std::make_unique<MethodStep>(alone);
          }};
}

}  // namespace cucurbit
