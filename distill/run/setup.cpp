#include "distill/run/setup.h"

#include <fmt/format.h>

#include "distill/methods/registry.h"
#include "engine/io/join.h"
#include "kernels/error.h"

namespace cucurbit {

namespace {
void expect_same_classes(const CheckpointInfo& teacher, const RunData& data, const std::string& weights) {
  if (teacher.class_names != data.class_names)
    throw Error(ErrorKind::input, fmt::format("[distill] {} was trained on the classes {}; the data have {}; they must "
                                              "be the same: give a teacher of these classes",
                                              weights, join(teacher.class_names, ","), join(data.class_names, ",")));
}
}  // namespace

Setup set_up(const RunSpec& spec, const DistillSpec* distillation, const RunObserver& observer) {
  set_math_mode(spec.math);
  if (distillation == nullptr) return {.data = std::make_unique<const RunData>(prepare_data(spec, observer))};
  const MethodSpec method = parse_method(distillation->method);  // refused, if it is not known, before anything is read
  LoadedNetwork loaded = load_network(distillation->teacher, spec.compute_type());
  Setup setup{.data = std::make_unique<const RunData>(prepare_data(spec, observer, &loaded.info.normalization)),
              .teacher_info = std::move(loaded.info),
              .teacher_network = std::make_unique<FrozenNetwork>(std::move(loaded.network))};
  expect_same_classes(setup.teacher_info, *setup.data, distillation->teacher);
  if (find_method(method.name).needs_teacher)
    setup.teacher = std::make_unique<const Teacher>(*setup.teacher_network, setup.data->train,
                                                    int64_t(setup.data->class_names.size()), spec.augmentation());
  return setup;
}

}  // namespace cucurbit
