#pragma once

#include "distill/modes/registry.h"

namespace cucurbit {

/// Offline distillation: a teacher trained before, and frozen, answers for each batch; then the student learns from it
/// by a method.
ModeInfo offline_mode();

}  // namespace cucurbit
