#pragma once

#include "distill/modes/registry.h"

namespace cucurbit {

/// Training on labels alone, without a teacher: a SupervisedStep with the cross-entropy (distill/methods/ce.h).
ModeInfo labels_mode();

}  // namespace cucurbit
