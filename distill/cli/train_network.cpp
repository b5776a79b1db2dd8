#include "distill/cli/train_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "distill/cli/data.h"
#include "distill/cli/progress.h"
#include "distill/cli/samples.h"
#include "engine/data/split.h"
#include "engine/io/event_file.h"
#include "engine/io/join.h"
#include "engine/io/state_dict.h"
#include "engine/train/interrupt.h"
#include "engine/train/training_state.h"
#include "kernels/error.h"
#include "models/registry.h"

namespace cucurbit::cli {

namespace {
constexpr uint64_t kSplitSeed = 0;

CheckpointInfo describe_run(const Network& network, const RunData& data, const TrainingFlags& flags) {
  return {.model = network.name(),
          .image = network.input(),
          .drop = float(flags.drop),
          .class_names = data.class_names,
          .normalization = data.normalization};
}

/// The sets that `flags` ask for; a validation set that the data do not bring is cut off the training set.
ImageSplits split(ImageSplits splits, const TrainingFlags& flags) {
  const int64_t val_size = flags.val_size < 0 ? std::min<int64_t>(splits.train.count / 10, 5000) : flags.val_size;
  ImageSplits sets = split_validation(std::move(splits), val_size, kSplitSeed);
  if (flags.overfit_batches == 0) return sets;
  ImageSet& train = sets.train;
  const int64_t count = flags.overfit_batches * flags.batch_size * flags.grad_accum_steps;
  if (count > train.count)
    throw Error(ErrorKind::usage, fmt::format("[train] --overfit-batches {}: {} images of {}: lower it",
                                              flags.overfit_batches, count, train.count));
  train.count = count;
  train.images = train.images.first(size_t(count * train.height * train.width * train.channels));
  train.labels.resize(size_t(count));
  if (!train.paths.empty()) train.paths.resize(size_t(count));
  sets.validation = train;
  return sets;
}
}  // namespace

RunData prepare_data(const TrainingFlags& flags, const ChannelStatistics* normalization) {
  ImageSplits loaded = load_data(flags);
  if (!flags.quiet) fmt::print(stderr, "classes: {}\n", describe_classes(loaded.train));
  const auto [train, validation, test] = split(std::move(loaded), flags);
  const bool has_validation = validation && validation->count > 0;
  if (flags.patience > 0 && !has_validation)
    throw Error(ErrorKind::usage,
                "[train] --patience counts epochs without a better validation, and there are no "
                "validation images: give --val-size, or leave it out");
  const ChannelStatistics statistics = normalization ? *normalization : channel_statistics(train);
  RunData data{train.class_names, statistics, DeviceSet(train, statistics, flags.residency()), {}, {}};
  if (has_validation) {
    data.validation.emplace(*validation, statistics, flags.residency());
    data.validation_paths = validation->paths;
  }
  if (test) data.test.emplace(*test, statistics, flags.residency());
  return data;
}

nlohmann::json summary_of(const Trained& trained) {
  nlohmann::json summary{{"model", trained.model},
                         {"parameters", trained.parameters},
                         {"test_accuracy", trained.test.top1},
                         {"test_errors", trained.test.errors},
                         {"epochs", trained.epochs},
                         {"seconds", trained.seconds},
                         {"weights", trained.weights.string()}};
  if (trained.data_wait) summary["data_wait"] = *trained.data_wait;
  return summary;
}

Network make_network(const TrainingFlags& flags, const RunData& data) {
  const auto classes = int64_t(data.class_names.size());
  const ModelOptions options{.image = data.train.image_shape(),
                             .classes = classes,
                             .drop = float(flags.drop),
                             .drop_path = float(flags.drop_path)};
  Network network(flags.model, build_model(flags.model, options), options.image, classes, flags.compute(), flags.seed);
  if (flags.pretrained_path.empty()) {
    if (const auto& initialize_from = find_family(flags.model).initialize_from) initialize_from(network, data.train);
    return network;
  }
  const std::vector<std::string> left = load_state_dict(flags.pretrained_path, network);
  if (!left.empty())
    fmt::print(stderr, "cucurbit: {}: the classifier ({}) is for other classes and begins anew\n",
               flags.pretrained_path, join(left, ", "));
  return network;
}

namespace {
/// `link` becomes another name of `file`, which is never written again: states are replaced as a whole.
void link_file(const std::filesystem::path& file, const std::filesystem::path& link) {
  std::error_code error;
  std::filesystem::remove(link, error);
  std::filesystem::create_hard_link(file, link, error);
  if (!error) return;
  std::filesystem::copy_file(file, link, std::filesystem::copy_options::overwrite_existing, error);
  if (error) throw Error(ErrorKind::io, fmt::format("[run] cannot write {}: {}", link.string(), error.message()));
}

std::vector<std::pair<std::string, double>> scalars_of(const EpochReport& report, const std::string& label) {
  const std::string prefix = label.empty() ? "" : label + "/";
  std::vector<std::pair<std::string, double>> scalars{{prefix + "loss/train", report.train.loss},
                                                      {prefix + "top1/train", report.train.top1},
                                                      {prefix + "learning_rate", report.learning_rate}};
  if (report.validation.samples > 0) {
    scalars.emplace_back(prefix + "loss/validation", report.validation.loss);
    scalars.emplace_back(prefix + "top1/validation", report.validation.top1);
    scalars.emplace_back(prefix + "top5/validation", report.validation.top5);
  }
  return scalars;
}

/// One training: the network, what is written of it, and how far it is.
struct Training {
  const std::string& label;
  Network& network;
  const RunFolder& folder;
  CheckpointInfo info;
  ProgressLine line;
  EventFile events;
  TrainingRecord record{};

  void note_best(const EpochReport& report) {
    info.epochs = report.epoch;
    info.seconds = report.seconds;
    save_checkpoint(folder.best_weights(label), network, info);
  }

  void after_epoch(const Trainer& trainer, int64_t epochs) {
    const bool epoch_done = !record.epochs.empty() && record.unfinished.samples == 0;
    if (epoch_done) {
      line.epoch_done(record.epochs.back(), epochs);
      events.add(record.epochs.back().epoch, scalars_of(record.epochs.back(), label));
    }
    folder.write_metrics(record.epochs, label);
    info.epochs = int64_t(record.epochs.size());
    info.seconds = record.seconds;
    save_training_state(folder.last_state(label), info, trainer, record);
    if (epoch_done && record.best_epoch == info.epochs) link_file(folder.last_state(label), folder.best_state(label));
  }
};

/// A batch needs memory as a step does.
void draw_first_batch(const Training& training, Trainer& trainer, const RunData& data) {
  const std::filesystem::path png = training.folder.sample(training.label, "first-batch.png");
  if (std::filesystem::exists(png)) return;  // of a run that goes on
  try {
    write_first_batch(png, data, trainer.options());
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::out_of_memory) throw;
    throw trainer.with_fitting_batch(error);
  }
}

/// Of all epochs.
double data_wait(const TrainingRecord& record) {
  TrainMetrics sum;
  for (const EpochReport& epoch : record.epochs) {
    sum.seconds += epoch.train.seconds;
    sum.waited += epoch.train.waited;
  }
  return sum.data_wait();
}

/// fit, and where its errors can be named better than it can.
void run_fit(Training& training, Trainer& trainer, const RunData& data, const TrainingFlags& flags) {
  try {
    fit(trainer, data.validation ? &*data.validation : nullptr, flags.fit_options(),
        {.progress = [&](const Progress& progress) { training.line.update(progress); },
         .best = [&](const EpochReport& report) { training.note_best(report); },
         .after_epoch = [&] { training.after_epoch(trainer, flags.total_epochs()); }},
        training.record);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::not_finite || training.record.epochs.empty()) throw;
    throw Error(error.kind(),
                fmt::format("{}; the weights of epoch {} are in {}", error.what(), training.record.epochs.size(),
                            training.folder.last_state(training.label).string()));
  }
}
}  // namespace

Trained train_network(const std::string& label, Trainer& trainer, const RunData& data, const TrainingFlags& flags,
                      const RunFolder& folder) {
  catch_interrupts();
  Network& network = trainer.network();
  Training training{.label = label,
                    .network = network,
                    .folder = folder,
                    .info = describe_run(network, data, flags),
                    .line = ProgressLine(label.empty() ? network.name() : label, flags.quiet, !flags.no_color),
                    .events = EventFile(folder.path())};
  if (folder.resumed() && std::filesystem::exists(folder.last_state(label)))
    training.record = load_training_state(folder.last_state(label), trainer);
  draw_first_batch(training, trainer, data);
  run_fit(training, trainer, data, flags);
  if (interrupted()) {
    if (!std::filesystem::exists(folder.last_state(label))) training.after_epoch(trainer, flags.total_epochs());
    throw Interrupted{interrupted(), folder.path()};
  }
  const TrainingRecord& record = training.record;
  if (record.out_of_patience)
    training.line.note(
        fmt::format("stopped early: no better validation accuracy for {} epochs; the best is that of "
                    "epoch {}",
                    flags.patience, record.best_epoch));
  Trained trained{.model = network.name(),
                  .parameters = network.parameter_count(),
                  .epochs = int64_t(record.epochs.size()),
                  .seconds = record.seconds,
                  .data_wait = data_wait(record),
                  .weights = folder.best_weights(label)};
  if (record.best_epoch > 0) trained.validation = record.epochs[size_t(record.best_epoch) - 1].validation;
  load_checkpoint(folder.best_weights(label), network);
  if (data.test) trained.test = evaluate(network, *data.test, flags.evaluation());
  folder.write_confusion(trained.test, data.class_names, label);
  if (data.validation)
    write_mistakes(folder.sample(label, "mistakes.png"), folder.sample(label, "mistakes.csv"), network, data,
                   flags.evaluation());
  folder.write_report(label, trained.model, record.epochs, trained.test, data.class_names);
  return trained;
}

}  // namespace cucurbit::cli
