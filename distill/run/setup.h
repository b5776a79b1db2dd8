#pragma once

#include <memory>

#include "distill/run/network.h"
#include "distill/teacher.h"

namespace cucurbit {

/// What a training minimises: the cross-entropy with the labels or, where there is a teacher, what the distillation
/// says.
struct Objective {
  double smoothing = 0;  // of labels
  const DistillSpec* distillation = nullptr;
  const Teacher* teacher = nullptr;  // null without distillation
};

/// What a run needs before anything is trained: its data on the device and, in distillation, the teacher. Objects that
/// others refer to stay where they are when it is moved.
struct Setup {
  std::unique_ptr<const RunData> data;
  CheckpointInfo teacher_info = {};
  std::unique_ptr<FrozenNetwork> teacher_network = {};  // null without distillation
  std::unique_ptr<const Teacher> teacher = {};          // likewise, and for methods that need none

  Objective objective(const RunSpec& spec, const DistillSpec* distillation) const {
    return {.smoothing = spec.smoothing, .distillation = distillation, .teacher = teacher.get()};
  }
};

/// Loads it; without `distillation` (null) there is no teacher. Images are normalised as the teacher was trained.
/// Throws Error input for a teacher of other classes or images, usage for a method that is not known.
Setup set_up(const RunSpec& spec, const DistillSpec* distillation, const RunObserver& observer);

}  // namespace cucurbit
