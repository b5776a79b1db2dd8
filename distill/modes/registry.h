#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "distill/methods/registry.h"
#include "engine/train/trainer.h"

/// The modes of training that the program knows, one row each: how teacher, student and data are brought together in a
/// step. The loss of that step is a method (distill/methods).
namespace cucurbit {

/// What a mode makes its step of; all of it must outlive the step.
struct ModeInputs {
  Network& student;
  const DeviceSet& data;
  const TrainOptions& options;
  const Teacher* teacher;  // null for modes without one
  MethodSpec method;
  LossWeights weights;
};

struct ModeInfo {
  std::string_view name, summary;
  bool needs_teacher;
  std::unique_ptr<Step> (*make)(const ModeInputs& inputs);
};

const std::vector<ModeInfo>& modes();

/// Throws Error usage, naming the nearest, for a name that is none of them.
const ModeInfo& find_mode(std::string_view name);

/// The step of a mode. Throws Error usage for a mode that needs a teacher where there is none, and for a method that
/// needs one in a mode that has none.
std::unique_ptr<Step> make_step(std::string_view mode, const ModeInputs& inputs);

}  // namespace cucurbit
