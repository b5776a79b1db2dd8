#pragma once

#include "distill/methods/registry.h"

namespace cucurbit {

/// The baseline of every comparison: the cross-entropy with the labels, with weight 1, and nothing of the teacher.
///
///   L = CE(z, y),  z [B, C] the student's logits
///
/// Bit for bit what `train` does, and kd with a task weight of 1 and a distillation weight of 0.
MethodInfo ce_method();

}  // namespace cucurbit
