// A training that is stopped and resumed equals, bit by bit, one that is not stopped.
#include <gtest/gtest.h>

#include "engine/train/interrupt.h"
#include "engine/train/training_state.h"
#include "kernels/error.h"
#include "support/small_data.h"
#include "support/small_networks.h"
#include "support/temporary_folder.h"

namespace cucurbit::test {
namespace {

using Kind = OptimizerOptions::Kind;
constexpr int64_t kEpochs = 4;

TrainOptions options_of(const OptimizerOptions& optimizer, int64_t grad_accum_steps) {
  TrainOptions options{.batch_size = 32, .grad_accum_steps = grad_accum_steps, .seed = 9};
  options.augmentation = {.max_shift = 1, .flip = Flip::random};
  options.optimizer = optimizer;
  for (int i = 0; i < 64; ++i) options.learning_rates.push_back(0.02f / float(i + 1));
  return options;
}

/// A network in training, which may be stopped and rebuilt from its file.
struct TrainingRun {
  const ImageSet images = easy_images(400, 8, 4, 7), held_out = easy_images(90, 8, 4, 8);
  const DeviceSet data{images, channel_statistics(images)}, validation{held_out, channel_statistics(images)};
  Network network;
  Trainer trainer;
  TrainingRecord record;

  TrainingRun(const TrainOptions& options, DType compute, ModulePtr module = small_convnet(4))
      : network("small", std::move(module), {8, 8, 1}, 4, compute, 3),
        trainer(supervised_trainer(network, data, options, kCrossEntropy)) {}

  CheckpointInfo info() const {
    return {.model = "small", .image = {8, 8, 1}, .class_names = {"a", "b", "c", "d"}, .normalization = {{0.5}, {0.5}}};
  }
  void go(int64_t epochs, int64_t max_steps = 0) {
    fit(trainer, &validation, {.epochs = epochs, .max_steps = max_steps}, {}, record);
  }
  void save(const std::filesystem::path& path) { save_training_state(path, info(), trainer, record); }
  void load(const std::filesystem::path& path) { record = load_training_state(path, trainer); }

  /// Weights, running statistics, moments and moving average.
  std::vector<std::vector<float>> bits() const {
    std::vector<std::vector<float>> all{network.store().masters().to_host<float>()};
    for (const auto& [name, buffer] : network.store().state().buffers) all.push_back(buffer->value.to_host<float>());
    for (const auto& [name, tensor] : trainer.optimizer().state()) all.push_back(tensor.to_host<float>());
    return all;
  }
};

const std::vector<OptimizerOptions> kOptimizers = {
    {.kind = Kind::sgd, .nesterov = true, .weight_decay = 1e-3, .clip_norm = 0.5},
    {.kind = Kind::sgd, .momentum = 0},
    {.kind = Kind::adamw, .weight_decay = 0.05, .ema_decay = 0.95, .ema_warmup = true},
    {.kind = Kind::adamw, .muon = MuonOptions{.rate_scale = 2}, .weight_decay = 0.05},
};

TEST(Resume, TwoEpochsAndTwoMoreEqualFour) {
  const TemporaryFolder folder;
  for (const OptimizerOptions& optimizer : kOptimizers)
    for (const auto& [compute, grad_accum_steps] : {std::pair{DType::f32, int64_t(1)}, {DType::bf16, int64_t(2)}}) {
      const TrainOptions options = options_of(optimizer, grad_accum_steps);
      TrainingRun straight(options, compute), first(options, compute), second(options, compute);
      straight.go(kEpochs);
      first.go(2);
      first.save(folder / "state.safetensors");
      second.load(folder / "state.safetensors");
      second.go(kEpochs);
      EXPECT_EQ(straight.bits(), second.bits());
      ASSERT_EQ(second.record.epochs.size(), size_t(kEpochs));
      for (size_t e = 0; e < size_t(kEpochs); ++e) {
        EXPECT_EQ(straight.record.epochs[e].epoch, second.record.epochs[e].epoch);
        EXPECT_EQ(straight.record.epochs[e].validation.loss, second.record.epochs[e].validation.loss);
        EXPECT_EQ(straight.record.epochs[e].learning_rate, second.record.epochs[e].learning_rate);
        EXPECT_NEAR(straight.record.epochs[e].train.loss, second.record.epochs[e].train.loss, 1e-12);
      }
      EXPECT_EQ(straight.record.best_epoch, second.record.best_epoch);
      EXPECT_EQ(straight.record.best_top1, second.record.best_top1);
      EXPECT_GE(second.record.seconds, first.record.seconds);
    }
}

TEST(Resume, WithinAnEpoch) {
  const TemporaryFolder folder;
  const TrainOptions options = options_of(kOptimizers[2], 2);  // six steps per epoch
  TrainingRun straight(options, DType::f32), first(options, DType::f32), second(options, DType::f32);
  straight.go(3);
  first.go(3, 10);
  EXPECT_EQ(first.trainer.position().epoch_micro_batch, 8);
  first.save(folder / "state.safetensors");
  second.load(folder / "state.safetensors");
  second.go(3);
  EXPECT_EQ(straight.bits(), second.bits());
  ASSERT_EQ(second.record.epochs.size(), 3u);
  EXPECT_EQ(second.record.epochs[1].train.samples, straight.record.epochs[1].train.samples);
  EXPECT_NEAR(second.record.epochs[1].train.loss, straight.record.epochs[1].train.loss, 1e-12);
}

TEST(Resume, TheFileIsACheckpointOfTheWeightsThatAreEvaluated) {
  const TemporaryFolder folder;
  TrainingRun run(options_of(kOptimizers[2], 1), DType::f32);
  run.go(1);
  run.save(folder / "state.safetensors");
  Network loaded("small", small_convnet(4), {8, 8, 1}, 4, DType::f32, 77);
  load_checkpoint(folder / "state.safetensors", loaded);
  EXPECT_EQ(evaluate(loaded, run.validation).loss, run.record.epochs[0].validation.loss);
  EXPECT_EQ(read_checkpoint_info(folder / "state.safetensors").class_names.size(), 4u);
}

TEST(Resume, OtherRunsAreRefused) {
  const TemporaryFolder folder;
  const auto path = folder / "state.safetensors";
  const TrainOptions options = options_of(kOptimizers[0], 1);
  TrainingRun run(options, DType::f32);
  run.go(1);
  run.save(path);
  const auto refused = [&](TrainOptions other, std::string_view word, ModulePtr module = small_convnet(4)) {
    TrainingRun fresh(other, DType::f32, std::move(module));
    const auto before = fresh.bits();
    expect_error(ErrorKind::input, {"state.safetensors", word}, [&] { fresh.load(path); });
    EXPECT_EQ(before, fresh.bits()) << "changed by a refused file";
  };
  TrainOptions other = options;
  other.seed = 10;
  refused(other, "seed 9, this run has 10");
  other = options;
  other.batch_size = 16;
  refused(other, "batch size 32, this run has 16");
  other = options;
  other.grad_accum_steps = 2;
  refused(other, "micro-batches per step 1, this run has 2");
  refused(options_of(kOptimizers[1], 1), "tensors");
  refused(options_of(kOptimizers[2], 1), "tensors");
  refused(options, "tensors", small_mlp(4));
  save_checkpoint(path, run.network, run.info());
  refused(options, "checkpoints/");
}

TEST(Resume, PatienceCountsAcrossTheStop) {
  const TemporaryFolder folder;
  TrainOptions options = options_of(kOptimizers[1], 1);
  options.learning_rates.assign(1, 0.f);  // nothing ever improves
  TrainingRun first(options, DType::f32), second(options, DType::f32);
  const auto go = [](TrainingRun& run, int64_t epochs) {
    fit(run.trainer, &run.validation, {.epochs = epochs, .patience = 3}, {}, run.record);
  };
  go(first, 2);
  EXPECT_FALSE(first.record.out_of_patience);
  first.save(folder / "state.safetensors");
  second.load(folder / "state.safetensors");
  go(second, 50);
  EXPECT_TRUE(second.record.out_of_patience);
  EXPECT_EQ(second.record.epochs.size(), 4u);
}

}  // namespace
}  // namespace cucurbit::test
