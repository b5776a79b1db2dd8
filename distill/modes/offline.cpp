#include "distill/modes/offline.h"

#include "distill/modes/method_step.h"

namespace cucurbit {

ModeInfo offline_mode() {
  return {
      .name = "offline",
      .summary = "a frozen teacher answers for each batch",
      .needs_teacher = true,
      .make = [](const ModeInputs& inputs) -> std::unique_ptr<Step> { return std::make_unique<MethodStep>(inputs); }};
}

}  // namespace cucurbit
