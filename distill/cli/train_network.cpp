#include "distill/cli/train_network.h"

#include <fmt/format.h>

#include <algorithm>

#include "distill/cli/data.h"
#include "distill/cli/progress.h"
#include "engine/data/split.h"
#include "engine/train/interrupt.h"
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

/// The validation set that the data bring, or one that is cut off.
TrainValidation train_and_validation(const ImageSplits& splits, int64_t val_size) {
  if (splits.validation) return {splits.train, *splits.validation};
  if (val_size < 0) val_size = std::min<int64_t>(splits.train.count / 10, 5000);
  return split_validation(splits.train, val_size, kSplitSeed);
}
}  // namespace

RunData prepare_data(const TrainingFlags& flags, const ChannelStatistics* normalization) {
  const ImageSplits splits = load_data(flags);
  if (!flags.quiet) fmt::print(stderr, "classes: {}\n", describe_classes(splits.train));
  const auto [train, validation] = train_and_validation(splits, flags.val_size);
  const ChannelStatistics statistics = normalization ? *normalization : channel_statistics(train);
  RunData data{train.class_names, statistics, DeviceSet(train, statistics), {}, {}};
  if (validation.count > 0) data.validation.emplace(validation, statistics);
  if (splits.test) data.test.emplace(*splits.test, statistics);
  return data;
}

nlohmann::json summary_of(const Trained& trained) {
  return {{"model", trained.model},
          {"parameters", trained.parameters},
          {"test_accuracy", trained.test.top1},
          {"test_errors", trained.test.errors},
          {"epochs", trained.epochs},
          {"seconds", trained.seconds},
          {"weights", trained.weights.string()}};
}

Network make_network(const TrainingFlags& flags, const RunData& data) {
  const auto classes = int64_t(data.class_names.size());
  const ModelOptions options{.image = data.train.image_shape(), .classes = classes, .drop = float(flags.drop)};
  return Network(flags.model, build_model(flags.model, options), options.image, classes, flags.compute(), flags.seed);
}

Trained train_network(const std::string& label, Network& network, const RunData& data, const LossFunction& loss,
                      const TrainingFlags& flags, const RunFolder& folder) {
  catch_interrupts();
  const TrainOptions options = flags.train_options(data.train.count() / flags.batch_size);
  Trainer trainer(network, data.train, options, loss);
  CheckpointInfo info = describe_run(network, data, flags);
  ProgressLine line(label.empty() ? network.name() : label, flags.quiet, !flags.no_color);
  Trained trained{
      .model = network.name(), .parameters = network.parameter_count(), .weights = folder.best_weights(label)};
  const auto epoch_done = [&](const EpochReport& report, bool best) {
    line.epoch_done(report, flags.total_epochs());
    folder.append_metrics(report, label);
    info.epochs = report.epoch;
    info.seconds = report.seconds;
    save_checkpoint(folder.last_weights(label), network, info);
    if (!best) return;
    save_checkpoint(folder.best_weights(label), network, info);
    trained.validation = report.validation;
  };
  const EpochReport last =
      fit(network, trainer, data.validation ? &*data.validation : nullptr, flags.fit_options(), options.learning_rates,
          {.progress = [&](const Progress& progress) { line.update(progress); }, .epoch = epoch_done});
  if (interrupted()) throw Interrupted{interrupted()};
  trained.epochs = last.epoch;
  trained.seconds = last.seconds;
  load_checkpoint(folder.best_weights(label), network);
  if (data.test) trained.test = evaluate(network, *data.test);
  return trained;
}

LoadedNetwork load_network(const std::filesystem::path& weights, DType compute) {
  CheckpointInfo info = read_checkpoint_info(weights);
  const auto classes = int64_t(info.class_names.size());
  ModulePtr module = build_model(info.model, {.image = info.image, .classes = classes, .drop = info.drop});
  Network network(info.model, std::move(module), info.image, classes, compute, 0);
  load_checkpoint(weights, network);
  return {std::move(info), std::move(network)};
}

}  // namespace cucurbit::cli
