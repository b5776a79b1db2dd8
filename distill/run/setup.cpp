#include "distill/run/setup.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/io/join.h"
#include "kernels/error.h"

namespace cucurbit {

namespace {
void expect_known_method(const std::string& method) {
  const std::vector<std::string> known = method_names();
  if (std::find(known.begin(), known.end(), method) == known.end())
    throw Error(ErrorKind::usage, fmt::format("[distill] `method` {}: expected one of: {}", method, join(known, ", ")));
}

void expect_same_classes(const CheckpointInfo& teacher, const RunData& data, const std::string& weights) {
  if (teacher.class_names != data.class_names)
    throw Error(ErrorKind::input, fmt::format("[distill] {} was trained on the classes {}; the data have {}; they must "
                                              "be the same: give a teacher of these classes",
                                              weights, join(teacher.class_names, ","), join(data.class_names, ",")));
}
}  // namespace

Setup set_up(const RunSpec& spec, const DistillSpec* distillation, const RunObserver& observer) {
  set_math_mode(spec.math);
  Setup setup;
  if (distillation == nullptr) {
    setup.data = std::make_unique<const RunData>(prepare_data(spec, observer));
    return setup;
  }
  expect_known_method(distillation->method);
  setup.teacher = std::make_unique<LoadedNetwork>(load_network(distillation->teacher, spec.compute_type()));
  setup.data = std::make_unique<const RunData>(prepare_data(spec, observer, &setup.teacher->info.normalization));
  expect_same_classes(setup.teacher->info, *setup.data, distillation->teacher);
  setup.outputs = std::make_unique<const Teacher>(setup.teacher->network, setup.data->train,
                                                  int64_t(setup.data->class_names.size()), spec.augmentation());
  return setup;
}

}  // namespace cucurbit
