#pragma once

#include "distill/modes/registry.h"

namespace cucurbit {

/// Training without a teacher, by a method that needs none: the cross-entropy of the labels (distill/methods/ce.h).
ModeInfo labels_mode();

}  // namespace cucurbit
