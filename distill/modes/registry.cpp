#include "distill/modes/registry.h"

#include <fmt/format.h>

#include "distill/modes/labels.h"
#include "distill/modes/offline.h"
#include "engine/io/join.h"
#include "engine/nearest.h"
#include "kernels/error.h"

namespace cucurbit {

const std::vector<ModeInfo>& modes() {
  static const std::vector<ModeInfo> kModes = {offline_mode(), labels_mode()};
  return kModes;
}

const ModeInfo& find_mode(std::string_view name) {
  std::vector<std::string> names;
  for (const ModeInfo& mode : modes()) {
    if (mode.name == name) return mode;
    names.emplace_back(mode.name);
  }
  throw Error(ErrorKind::usage, fmt::format("[mode] '{}' is not known: did you mean '{}'? There are: {}", name,
                                            nearest(std::string(name), names), join(names, ", ")));
}

std::unique_ptr<Step> make_step(std::string_view mode, const ModeInputs& inputs) {
  const ModeInfo& info = find_mode(mode);
  if (!info.needs_teacher && find_method(inputs.method.name).needs_teacher)
    throw Error(ErrorKind::usage, fmt::format("[mode] {} has no teacher, which the method {} needs: take the mode "
                                              "offline, or the method ce",
                                              mode, inputs.method.name));
  if (info.needs_teacher && !inputs.teacher)
    throw Error(ErrorKind::usage, fmt::format("[mode] {} needs a teacher: give its weights as `teacher`", mode));
  return info.make(inputs);
}

}  // namespace cucurbit
