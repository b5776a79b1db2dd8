#include "engine/nn/network.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/io/join.h"
#include "engine/nearest.h"
#include "kernels/error.h"

namespace cucurbit {

namespace {
Shape batch_of_one(const Shape& input) { return {1, input[0], input[1], input[2]}; }

/// Throws Error unless the network can be built; called before memory for its parameters is allocated.
Module& checked(Module& module, const std::string& name, const Shape& input, int64_t classes) {
  if (input.rank() != 3 || input.size() < 1)
    throw Error(ErrorKind::input,
                fmt::format("[model] {}: input {}: expected [H,W,C], at least 1 each", name, to_string(input)));
  const Shape output = module.output_shape(batch_of_one(input));
  if (output != Shape{1, classes})
    throw Error(ErrorKind::input,
                fmt::format("[model] {} has an output of {} for {} classes", name, to_string(output), classes));
  return module;
}
}  // namespace

Network::Network(std::string name, ModulePtr module, const Shape& input, int64_t classes, DType compute,
                 const InitialValues& initial)
    : name_(std::move(name)),
      module_(std::move(module)),
      input_(input),
      classes_(classes),
      store_(checked(*module_, name_, input, classes), compute, initial),
      state_(store_.state()) {}

Survey Network::survey() const {
  Survey survey;
  module_->infer_shape(batch_of_one(input_), &survey);
  return survey;
}

int64_t Network::parameter_count() const {
  int64_t count = 0;
  for (const auto& [name, parameter] : state_.parameters) count += parameter->shape.size();
  return count;
}

void Network::freeze() {
  module_->freeze();
  store_.freeze();
}

Features Network::features(const std::vector<std::string>& wanted) const {
  std::vector<std::string> names;
  for (const Tap& tap : taps()) names.push_back(tap.name);
  for (const std::string& name : wanted)
    if (std::find(names.begin(), names.end(), name) == names.end())
      throw Error(ErrorKind::usage, fmt::format("[features] {} has no '{}': did you mean '{}'? It has: {}", name_, name,
                                                nearest(name, names), join(names, ", ")));
  return Features(wanted);
}

}  // namespace cucurbit
