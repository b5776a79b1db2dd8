#include "engine/train/training_state.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "engine/io/safetensors.h"
#include "kernels/error.h"

namespace cucurbit {

namespace {
using nlohmann::json;

constexpr const char* kStateKey = "cucurbit.training";
constexpr const char* kMasters = "training.weights.";

/// The part of `flat` that belongs to a parameter; `flat` has the layout of the store's masters.
Tensor part_of(const Tensor& flat, const ParameterStore& store, const Parameter& parameter) {
  const int64_t offset = store.offset(parameter);
  return flat.slice(offset, offset + parameter.shape.size()).reshape(parameter.shape);
}

/// Appends a learner's tensors by their names in the file. The network of the first learner is deployed; those of the
/// others are needed in training only, and have a prefix.
void append_learner(Learner& learner, const std::string& prefix, std::vector<NamedTensor>& all) {
  const ParameterStore& store = learner.network().store();
  const Tensor& average = learner.optimizer().ema();
  for (const auto& [name, parameter] : store.state().parameters) {
    all.push_back({prefix + name, average ? part_of(average, store, *parameter) : parameter->master});
    if (average) all.push_back({kMasters + prefix + name, parameter->master});
    for (const auto& [kind, flat] : learner.optimizer().state())
      all.push_back({fmt::format("training.{}.{}{}", kind, prefix, name), part_of(flat, store, *parameter)});
  }
  for (const auto& [name, buffer] : store.state().buffers) all.push_back({prefix + name, buffer->value});
}

/// All tensors of a training by their names in the file.
std::vector<NamedTensor> all_tensors(const Trainer& trainer) {
  std::vector<NamedTensor> all;
  Step& step = trainer.trained_step();
  for (size_t i = 0; i < step.learners().size(); ++i)
    append_learner(*step.learners()[i], i == 0 ? "" : fmt::format("training.learner{}.", i + 1), all);
  step.list_state(all);
  return all;
}

json to_json(const TrainMetrics& m) {
  json terms = json::object();
  for (const auto& [name, mean] : m.terms) terms[name] = mean;
  return {{"loss", m.loss}, {"top1", m.top1},       {"samples", m.samples},
          {"terms", terms}, {"seconds", m.seconds}, {"waited", m.waited}};
}
TrainMetrics metrics_of(const json& j) {
  TrainMetrics metrics{.loss = j.at("loss"),
                       .top1 = j.at("top1"),
                       .samples = j.at("samples"),
                       .seconds = j.value("seconds", 0.0),  // earlier versions saved neither times nor terms
                       .waited = j.value("waited", 0.0)};
  const json terms = j.value("terms", json::object());
  for (const auto& [name, mean] : terms.items()) metrics.terms.push_back({name, mean});
  return metrics;
}

json to_json(const EpochReport& r) {
  const Evaluation& v = r.validation;
  return {{"epoch", r.epoch},
          {"seconds", r.seconds},
          {"learning_rate", r.learning_rate},
          {"train", to_json(r.train)},
          {"validation",
           {{"samples", v.samples}, {"errors", v.errors}, {"loss", v.loss}, {"top1", v.top1}, {"top5", v.top5}}}};
}
EpochReport report_of(const json& j) {
  const json& v = j.at("validation");
  return {.epoch = j.at("epoch"),
          .seconds = j.at("seconds"),
          .train = metrics_of(j.at("train")),
          .validation = {.samples = v.at("samples"),
                         .errors = v.at("errors"),
                         .loss = v.at("loss"),
                         .top1 = v.at("top1"),
                         .top5 = v.at("top5"),
                         .confusion = {}},
          .learning_rate = j.at("learning_rate")};
}

json state_json(const Trainer& trainer, const TrainingRecord& record) {
  const StepState position = trainer.position();
  json epochs = json::array();
  for (const EpochReport& report : record.epochs) epochs.push_back(to_json(report));
  return {{"seed", position.seed},
          {"step", position.micro_batch},
          {"epoch", position.epoch},
          {"batch", position.epoch_micro_batch},
          {"batch_size", trainer.options().batch_size},
          {"accumulate", trainer.options().grad_accum_steps},
          {"seconds", record.seconds},
          {"best_top1", record.best_top1},
          {"best_epoch", record.best_epoch},
          {"unfinished", to_json(record.unfinished)},
          {"epochs", epochs}};
}

struct Parsed {
  StepState position{};
  TrainingRecord record;
  int64_t batch_size = 0;
};

Parsed parse_state(const SafetensorsFile& file) {
  const auto found = file.metadata().find(kStateKey);
  if (found == file.metadata().end())
    throw Error(ErrorKind::input,
                fmt::format("[resume] {}: the file holds weights but no training state ({}): resume from "
                            "checkpoints/ of a run folder",
                            file.path().string(), kStateKey));
  try {
    const json j = json::parse(found->second);
    Parsed parsed{.position = {.seed = j.at("seed"),
                               .micro_batch = j.at("step"),
                               .epoch = j.at("epoch"),
                               .epoch_micro_batch = j.at("batch"),
                               .grad_accum_steps = j.at("accumulate")},
                  .record = {},
                  .batch_size = j.at("batch_size")};
    parsed.record.seconds = j.at("seconds");
    parsed.record.best_top1 = j.at("best_top1");
    parsed.record.best_epoch = j.at("best_epoch");
    parsed.record.unfinished = metrics_of(j.at("unfinished"));
    for (const json& report : j.at("epochs")) parsed.record.epochs.push_back(report_of(report));
    return parsed;
  } catch (const json::exception& broken) {
    throw Error(ErrorKind::input,
                fmt::format("[resume] {}: the training state is damaged: {}", file.path().string(), broken.what()));
  }
}

template <class T>
void expect_same(const SafetensorsFile& file, const char* what, T saved, T present) {
  if (saved != present)
    throw Error(ErrorKind::input, fmt::format("[resume] {}: {} {}, this run has {}: use the options of the run that "
                                              "is resumed",
                                              file.path().string(), what, saved, present));
}
}  // namespace

void save_training_state(const std::filesystem::path& path, const CheckpointInfo& info, const Trainer& trainer,
                         const TrainingRecord& record) {
  Metadata metadata = checkpoint_metadata(trainer.network(), info);
  metadata[kStateKey] = state_json(trainer, record).dump();
  write_tensors(path, all_tensors(trainer), metadata);
}

TrainingRecord load_training_state(const std::filesystem::path& path, Trainer& trainer) {
  const SafetensorsFile file = SafetensorsFile::read(path);
  Parsed parsed = parse_state(file);
  expect_same(file, "seed", parsed.position.seed, trainer.options().seed);
  expect_same(file, "batch size", parsed.batch_size, trainer.options().batch_size);
  expect_same(file, "micro-batches per step", parsed.position.grad_accum_steps, trainer.options().grad_accum_steps);
  const std::vector<NamedTensor> tensors = all_tensors(trainer);
  // fill_tensors ignores further tensors whose names begin with "training.", so the counts are compared too.
  expect_same(file, "number of tensors of model and optimiser", file.tensors().size(), tensors.size());
  fill_tensors(file, tensors);
  for (Learner* learner : trainer.trained_step().learners()) learner->network().store().refresh_low_precision_copy();
  trainer.set_position(parsed.position);
  return std::move(parsed.record);
}

}  // namespace cucurbit
