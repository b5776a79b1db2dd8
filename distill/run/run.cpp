#include "distill/run/run.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "engine/io/atomic_file.h"
#include "kernels/error.h"

namespace cucurbit {

namespace {
void write_summary(const std::filesystem::path& folder, const nlohmann::json& summary) {
  write_file_atomically(folder / "summary.json", summary.dump(2) + "\n");
}

/// The teacher as it was trained, measured on this run's test set.
Trained report_teacher(const Setup& setup, const RunSpec& spec, const std::string& weights) {
  Trained trained{.model = setup.teacher_info.model,
                  .parameters = setup.teacher_network->parameter_count(),
                  .epochs = setup.teacher_info.epochs,
                  .seconds = setup.teacher_info.seconds,
                  .weights = weights,
                  .digest = setup.teacher_network->digest()};
  if (setup.data->test)
    trained.test = evaluate(setup.teacher_network->network(), *setup.data->test, spec.evaluation_options());
  return trained;
}

/// A frozen teacher cannot have changed: if it has, the results are worth nothing.
void expect_unchanged(const FrozenNetwork& teacher, const std::string& digest) {
  if (teacher.digest() != digest)
    throw Error(ErrorKind::bug, fmt::format("[distill] the teacher's weights changed during the run, from {} to {}",
                                            digest, teacher.digest()));
}

Trained train_fresh_network(const std::string& label, const TrainingTask& task, const RunFolder& folder) {
  Network network = make_network(task.spec, task.data, task.observer);
  return train_network(label, network, task, folder);
}
}  // namespace

TrainingResult run_training(const RunSpec& spec, const RunObserver& observer) {
  const Setup setup = set_up(spec, nullptr, observer);
  const RunFolder folder("train", spec, setup.data->class_names);
  Trained trained = train_fresh_network("", {spec, *setup.data, setup.objective(spec, nullptr), observer}, folder);
  write_summary(folder.path(), summary_of(trained));
  return {std::move(trained), folder.path()};
}

DistillationResult run_distillation(const RunSpec& spec, const DistillSpec& distillation, const RunObserver& observer) {
  const Setup setup = set_up(spec, &distillation, observer);
  const RunFolder folder("distill", spec, setup.data->class_names);
  DistillationResult result{.teacher = report_teacher(setup, spec, distillation.teacher),
                            .student_alone = {},
                            .student_distilled = {},
                            .folder = folder.path()};
  const Objective labels_alone{.smoothing = spec.smoothing};
  if (distillation.baseline)
    result.student_alone = train_fresh_network("alone", {spec, *setup.data, labels_alone, observer}, folder);
  result.student_distilled =
      train_fresh_network("distilled", {spec, *setup.data, setup.objective(spec, &distillation), observer}, folder);
  expect_unchanged(*setup.teacher_network, result.teacher.digest);
  write_summary(folder.path(), summary_of(result));
  return result;
}

}  // namespace cucurbit
