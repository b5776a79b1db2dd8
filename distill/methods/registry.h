#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "distill/method.h"
#include "engine/step_schedule.h"

/// The methods that the program knows, one row each: what `--method` takes, and what tests, benches and docs walk.
namespace cucurbit {

/// A number that a method takes, by name: --method NAME:KNOB=VALUE.
struct Knob {
  std::string_view name;
  double value;  // where none is given
  std::string_view summary;
  bool (*valid)(double);
  std::string_view expected;  // what valid takes, for messages: "a number above 0"
};

/// How the terms that every method has are weighed; weights may change from step to step.
struct LossWeights {
  StepSchedule task = 0.1;     // of the cross-entropy with the labels
  StepSchedule distill = 0.9;  // of what the method adds
  double label_smoothing = 0;  // of the cross-entropy
};

using KnobValues = std::map<std::string, double, std::less<>>;

struct MethodInfo {
  std::string_view name, summary, paper;
  std::vector<Knob> knobs;
  bool needs_teacher;
  /// `knobs` holds a valid value for each of the method's.
  std::unique_ptr<Method> (*make)(const KnobValues& knobs, const LossWeights& weights);
};

const std::vector<MethodInfo>& methods();

/// Throws Error usage, naming the nearest, for a name that is none of them.
const MethodInfo& find_method(std::string_view name);

/// A method as it is written: its name and the knobs that are given.
struct MethodSpec {
  std::string name = "kd";
  KnobValues knobs;
};

/// "kd" or "kd:temperature=2" or "name:knob=value,knob=value". Throws Error usage for what is not known, and for
/// values that the knob does not take.
MethodSpec parse_method(std::string_view text);

/// The method with the knobs of `spec`, and the defaults of the others. Throws as parse_method.
std::unique_ptr<Method> make_method(const MethodSpec& spec, const LossWeights& weights);

}  // namespace cucurbit
