#include <fmt/format.h>

#include <memory>

#include "distill/cli/commands.h"
#include "distill/cli/find_lr.h"
#include "distill/cli/profile.h"
#include "distill/cli/train_network.h"
#include "distill/cli/validators.h"
#include "distill/modes/registry.h"
#include "distill/teacher.h"
#include "engine/io/atomic_file.h"
#include "engine/io/join.h"
#include "kernels/error.h"

namespace cucurbit::cli {

namespace {
struct DistillFlags : TrainingFlags {
  std::string teacher, method = "kd";
  double temperature = 4, distill_weight = 0.9, task_weight = 0.1;
  bool baseline = false;
};

void expect_same_classes(const CheckpointInfo& teacher, const RunData& data, const std::string& weights) {
  if (teacher.class_names != data.class_names)
    throw Error(
        ErrorKind::input,
        fmt::format("[distill] {} knows the classes {}; the data have {}: they must be the same: give a teacher "
                    "of these classes",
                    weights, join(teacher.class_names, ","), fmt::join(data.class_names, ",")));
}

/// The teacher as it was trained, and what it does on this run's test set.
Trained report_teacher(FrozenNetwork& teacher, const CheckpointInfo& info, const RunData& data,
                       const DistillFlags& flags) {
  Trained trained{.model = info.model,
                  .parameters = teacher.parameter_count(),
                  .epochs = info.epochs,
                  .seconds = info.seconds,
                  .weights = flags.teacher};
  if (data.test) trained.test = evaluate(teacher.network(), *data.test, flags.evaluation());
  return trained;
}

/// How this run trains a student, with the teacher or without.
MakeTrainer student_trainer(const DistillFlags& flags, const RunData& data, const Teacher* teacher) {
  MethodSpec method = teacher ? parse_method(flags.method) : MethodSpec{.name = "ce", .knobs = {}};
  if (method.name == "kd") method.knobs.try_emplace("temperature", flags.temperature);
  return [&flags, &data, teacher, method](Network& network, const TrainOptions& options) {
    return Trainer(make_step(teacher ? "offline" : "labels", {.student = network,
                                                              .data = data.train,
                                                              .options = options,
                                                              .teacher = teacher,
                                                              .method = method,
                                                              .weights = {.task = flags.task_weight,
                                                                          .distill = flags.distill_weight,
                                                                          .label_smoothing = flags.smoothing}}),
                   options);
  };
}

Trained train_student(const std::string& label, const DistillFlags& flags, const RunData& data, const MakeTrainer& make,
                      const RunFolder& folder) {
  Network student = make_network(flags, data);
  Trainer trainer = make(student, flags.train_options(data.train.count()));
  return train_network(label, trainer, data, flags, folder);
}

void print_row(const char* role, const Trained& trained) {
  fmt::print("{:<18} {:<14} {:>11} {:>12} {:>9.2f} % {:>7} {:>8.1f}\n", role, trained.model, trained.parameters,
             trained.test.errors, 100 * trained.test.top1, trained.epochs, trained.seconds);
}

void print_table(const Trained& teacher, const std::optional<Trained>& alone, const Trained& distilled) {
  fmt::print("{:<18} {:<14} {:>11} {:>12} {:>11} {:>7} {:>8}\n", "", "model", "parameters", "test errors", "accuracy",
             "epochs", "seconds");
  print_row("teacher", teacher);
  if (alone) print_row("student alone", *alone);
  print_row("student distilled", distilled);
}

void distill(const DistillFlags& flags, const std::string& arguments) {
  apply_math(flags.math);
  LoadedNetwork loaded = load_network(flags.teacher, flags.compute());
  const RunData data = prepare_data(flags, &loaded.info.normalization);
  expect_same_classes(loaded.info, data, flags.teacher);
  FrozenNetwork frozen(std::move(loaded.network));
  const Teacher teacher(frozen, data.train, int64_t(data.class_names.size()), flags.augmentation());
  const MakeTrainer make = student_trainer(flags, data, &teacher);
  if (flags.profile) return profile(flags, data, make);
  const RunFolder folder(flags.output, "distill", flags.model, flags.seed, arguments, data.class_names, flags.resume);
  if (flags.find_lr) return find_lr(flags, data, make, folder);
  const Trained teacher_report = report_teacher(frozen, loaded.info, data, flags);
  std::optional<Trained> alone;
  if (flags.baseline) alone = train_student("alone", flags, data, student_trainer(flags, data, nullptr), folder);
  const Trained distilled = train_student("distilled", flags, data, make, folder);

  nlohmann::json summary{{"teacher", summary_of(teacher_report)}};
  if (alone) summary["student_alone"] = summary_of(*alone);
  summary["student_distilled"] = summary_of(distilled);
  const auto path = folder.path() / "summary.json";
  write_file_atomically(path, summary.dump(2) + "\n");
  if (flags.json) {
    fmt::print("{}\n", summary.dump(2));
    return;
  }
  print_table(teacher_report, alone, distilled);
  fmt::print("best weights: {}; evaluate: cucurbit eval {} {}\n", distilled.weights.string(),
             distilled.weights.string(), flags.data);
  fmt::print("summary: {}\n", path.string());
}
}  // namespace

void add_distill(CLI::App& program) {
  auto flags = std::make_shared<DistillFlags>();
  flags->model = "mlp:800x800";
  CLI::App* command = program.add_subcommand("distill", "Train a student on a teacher's outputs");
  add_training_flags(*command, *flags);
  const std::string group = "Distillation";
  command->add_option("--teacher", flags->teacher, "weights of the teacher (.safetensors)")->required()->group(group);
  command->add_option("--method", flags->method, "kd: Hinton, Vinyals, Dean 2015")
      ->check(CLI::IsMember({"kd"}))
      ->group(group)
      ->capture_default_str();
  command->add_option("--kd-temperature", flags->temperature)->check(kPositive)->group(group)->capture_default_str();
  command->add_option("--distill-loss-weight", flags->distill_weight, "of T^2 KL(teacher || student)")
      ->check(kNotNegative)
      ->group(group)
      ->capture_default_str();
  command->add_option("--task-loss-weight", flags->task_weight, "of the cross-entropy with the labels")
      ->check(kNotNegative)
      ->group(group)
      ->capture_default_str();
  command->add_flag("--baseline", flags->baseline, "train the same student without the teacher as well")->group(group);
  command->callback([command, flags] { distill(*flags, arguments_of(*command)); });
}

}  // namespace cucurbit::cli
