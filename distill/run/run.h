#pragma once

#include "distill/run/results.h"
#include "distill/run/spec.h"
#include "distill/run/train.h"

namespace cucurbit {

/// Trains a classifier on labels, as `spec` says, into a run folder of its own. Throws Interrupted after a signal, and
/// Error for what cannot be read, trained or written.
TrainingResult run_training(const RunSpec& spec, const RunObserver& observer = {});

/// Trains a student, `spec`, on the outputs of a teacher; with a baseline the same student without the teacher before.
/// Their files begin with "distilled-" and "alone-". Throws as run_training, and Error input for a teacher of other
/// classes or images.
DistillationResult run_distillation(const RunSpec& spec, const DistillSpec& distillation,
                                    const RunObserver& observer = {});

}  // namespace cucurbit
