#include "distill/run/train.h"

#include <fmt/format.h>

#include "distill/modes/registry.h"
#include "distill/run/recorder.h"
#include "distill/run/samples.h"
#include "engine/train/interrupt.h"
#include "engine/train/training_state.h"
#include "kernels/error.h"

namespace cucurbit {

namespace fs = std::filesystem;

namespace {
MethodSpec method_of(const DistillSpec& distillation) {
  MethodSpec method = parse_method(distillation.method);
  if (method.name == "kd") method.knobs.try_emplace("temperature", distillation.kd_temperature);
  return method;
}

/// Of the mode and the method that the objective asks for.
Trainer trainer_of(Network& network, const TrainingTask& task, const TrainOptions& options) {
  const Objective& objective = task.objective;
  ModeInputs inputs{.student = network,
                    .data = task.data.train,
                    .options = options,
                    .teacher = objective.teacher,
                    .method = {.name = "ce", .knobs = {}},
                    .weights = {.label_smoothing = objective.smoothing}};
  if (objective.distillation) {
    inputs.method = method_of(*objective.distillation);
    inputs.weights.task = objective.distillation->task_loss_weight;
    inputs.weights.distill = objective.distillation->distill_loss_weight;
  }
  return Trainer(make_step(objective.teacher ? "offline" : "labels", inputs), options);
}

TrainOptions options_of(const TrainingTask& task) { return task.spec.train_options(task.data.train.count()); }

TrainOptions with_graph(TrainOptions options, bool graph) {
  options.graph = graph;
  return options;
}

/// `link` becomes another name of `file`, which is never written again: states are replaced as a whole.
void link_file(const fs::path& file, const fs::path& link) {
  std::error_code error;
  fs::remove(link, error);
  fs::create_hard_link(file, link, error);
  if (!error) return;
  fs::copy_file(file, link, fs::copy_options::overwrite_existing, error);
  if (error) throw Error(ErrorKind::io, fmt::format("[run] cannot write {}: {}", link.string(), error.message()));
}

/// A training while it runs: the network, and what is written of it.
struct Training {
  const std::string& label;
  Network& network;
  const TrainingTask& task;
  const RunFolder& folder;
  Trainer trainer;
  Recorder recorder;
  TrainingRecord record{};

  void after_epoch() {
    const bool epoch_ended = !record.epochs.empty() && record.unfinished.samples == 0;
    if (epoch_ended) task.observer.epoch(record.epochs.back(), task.spec.total_epochs());
    recorder.write_metrics(record, epoch_ended);
    const fs::path last = folder.last_state(label);
    save_training_state(last, recorder.describe(record), trainer, record);
    if (epoch_ended && record.best_epoch == int64_t(record.epochs.size())) link_file(last, folder.best_state(label));
  }

  void draw_first_batch() {
    const fs::path png = folder.sample(label, "first-batch.png");
    if (fs::exists(png)) return;  // of the run that is resumed
    try {
      write_first_batch(png, task.data, trainer.options());
    } catch (const Error& error) {  // a batch needs memory as a step does
      if (error.kind() != ErrorKind::out_of_memory) throw;
      throw trainer.with_fitting_batch(error);
    }
  }

  /// fit, and where its errors can be named better than it can.
  void run() {
    try {
      fit(trainer, task.data.validation ? &*task.data.validation : nullptr, task.spec.fit_options(),
          {.progress = task.observer.progress,
           .best = [this](const EpochReport& report) { recorder.write_best(network, report); },
           .after_epoch = [this] { after_epoch(); }},
          record);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::not_finite || record.epochs.empty()) throw;
      throw Error(error.kind(), fmt::format("{}; the weights of epoch {} are in {}", error.what(), record.epochs.size(),
                                            folder.last_state(label).string()));
    }
  }
};

/// Of all epochs.
double data_wait(const TrainingRecord& record) {
  TrainMetrics sum;
  for (const EpochReport& epoch : record.epochs) {
    sum.seconds += epoch.train.seconds;
    sum.waited += epoch.train.waited;
  }
  return sum.data_wait();
}

/// Loads the best weights and measures them.
Trained results_of(Training& training) {
  Network& network = training.network;
  const TrainingRecord& record = training.record;
  Trained trained{.model = network.name(),
                  .parameters = network.parameter_count(),
                  .epochs = int64_t(record.epochs.size()),
                  .seconds = record.seconds,
                  .data_wait = data_wait(record),
                  .weights = training.folder.best_weights(training.label)};
  if (record.best_epoch > 0) trained.validation = record.epochs[size_t(record.best_epoch) - 1].validation;
  load_checkpoint(trained.weights, network);
  const EvaluationOptions options = training.task.spec.evaluation_options();
  if (training.task.data.test) trained.test = evaluate(network, *training.task.data.test, options);
  training.recorder.write_results(network, record, trained, options);
  return trained;
}
}  // namespace

Trained train_network(const std::string& label, Network& network, const TrainingTask& task, const RunFolder& folder) {
  task.observer.training(label.empty() ? network.name() : label);
  Training training{.label = label,
                    .network = network,
                    .task = task,
                    .folder = folder,
                    .trainer = trainer_of(network, task, options_of(task)),
                    .recorder = Recorder(folder, label, network, task.data, task.spec.drop)};
  const fs::path last = folder.last_state(label);
  if (folder.resumed() && fs::exists(last)) training.record = load_training_state(last, training.trainer);
  training.draw_first_batch();
  training.run();
  if (interrupted()) {
    if (!fs::exists(last)) training.after_epoch();
    throw Interrupted{interrupted(), folder.path()};
  }
  if (training.record.out_of_patience)
    task.observer.remark(
        fmt::format("stopped early: no better validation accuracy for {} epochs; the best epoch was {}",
                    task.spec.patience, training.record.best_epoch));
  return results_of(training);
}

RateSweep sweep_learning_rates(Network& network, const TrainingTask& task) {
  return sweep_rates([&](const TrainOptions& options) { return trainer_of(network, task, options); }, options_of(task));
}

std::vector<OpTime> time_ops(Network& network, const TrainingTask& task, int warm_up, int steps) {
  Trainer trainer = trainer_of(network, task, with_graph(options_of(task), false));
  for (int i = 0; i < warm_up; ++i) trainer.step();
  Profiler profiler;
  for (int i = 0; i < steps; ++i) trainer.step();
  return profiler.take();
}

size_t launches_of_step(Network& network, const TrainingTask& task) {
  Trainer trainer = trainer_of(network, task, with_graph(options_of(task), true));
  while (trainer.launches() == 0) trainer.step();
  return trainer.launches();
}

}  // namespace cucurbit
