// Training with all augmentations, and the labels of mixed images.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/nn/layers.h"
#include "engine/ops/cross_entropy.h"
#include "engine/ops/distill_logits.h"
#include "engine/train/supervised.h"
#include "support/compare.h"
#include "support/expect_error.h"
#include "support/small_data.h"

namespace cucurbit {
namespace {

const LossFunction kMixedCrossEntropy = [](const Tensor& logits, const Batch& batch, Meters& meters) {
  return cross_entropy(logits, batch.labels, {.second = batch.second}, meters.counts());
};

struct Outcome {
  std::vector<float> weights;
  TrainMetrics metrics;
};

Outcome train(int64_t steps, const Augmentation& augmentation, bool graph, DType compute) {
  const ImageSet images = test::easy_images(256, 8, 4, 7);
  const DeviceSet data(images, channel_statistics(images));
  auto net = std::make_unique<Sequential>();
  net->emplace<Flatten>();
  net->emplace<Linear>(64, 32, Activation::relu);
  net->emplace<Linear>(32, 4);
  Network network("small", std::move(net), {8, 8, 1}, 4, compute, 1);
  TrainOptions options{.batch_size = 32, .seed = 5, .graph = graph};
  options.augmentation = augmentation;
  options.learning_rates.assign(size_t(steps), 0.05f);
  Trainer trainer = supervised_trainer(network, data, options, kMixedCrossEntropy);
  for (int64_t i = 0; i < steps; ++i) trainer.step();
  const TrainMetrics metrics = trainer.take_metrics();
  return {network.store().masters().to_host<float>(), metrics};
}

TEST(AugmentedTraining, GraphReplayIsBitEqualToEager) {
  const Augmentation augmentations[] = {
      {.max_shift = 2, .border = Border::reflect, .flip = Flip::alternating, .cutout = {.size = 3}},
      {.flip = Flip::random, .rand_augment = {.operations = 2}, .color_jitter = {.brightness = 0.4f, .contrast = 0.4f}},
      {.max_shift = 1, .mixing = {.mixup = 0.4f, .cutmix = 1, .probability = 0.8f}}};
  for (const Augmentation& augmentation : augmentations)
    for (DType compute : {DType::f32, DType::bf16}) {
      // 20 steps cover more than two epochs.
      const Outcome eager = train(20, augmentation, false, compute), replayed = train(20, augmentation, true, compute);
      EXPECT_EQ(eager.weights, replayed.weights);
      EXPECT_EQ(eager.metrics.loss, replayed.metrics.loss);
      EXPECT_EQ(eager.metrics.top1, replayed.metrics.top1);
      EXPECT_NE(eager.weights, train(20, {}, false, compute).weights);
    }
}

TEST(AugmentedTraining, LearnsFromMixedImages) {
  const Outcome start = train(8, {.mixing = {.mixup = 0.2f}}, true, DType::f32);
  const Outcome end = train(300, {.mixing = {.mixup = 0.2f}}, true, DType::f32);
  EXPECT_LT(end.metrics.loss, start.metrics.loss / 2);
  EXPECT_GT(end.metrics.top1, 0.8);
}

TEST(SecondLabels, TheLabelOfTheLargerWeightCounts) {
  const Tensor logits =
      Tensor::from_host(std::vector<float>{3, 1, 2, 0, 5, 1, 4, 4, 9, 1, 2, 3}, {4, 3});  // largest: 0 1 2 2
  const Tensor first = Tensor::from_host(std::vector<int32_t>{0, 2, 1, 2}, {4});
  const Tensor second = Tensor::from_host(std::vector<int32_t>{2, 1, 0, 0}, {4});
  for (const auto& [weight, correct] : {std::pair(1.f, 2), {0.75f, 2}, {0.5f, 2}, {0.49f, 1}, {0.f, 1}}) {
    const Tensor metrics = Tensor::zeros({int64_t(sizeof(kernels::StepMetrics))}, DType::u8);
    const SecondLabels mixed{second, Tensor::from_host(std::vector<float>{weight}, {1})};
    cross_entropy(logits, first, {.second = mixed}, reinterpret_cast<kernels::StepMetrics*>(metrics.raw()));
    kernels::StepMetrics sums{};
    metrics.copy_to_host(&sums, sizeof sums);
    EXPECT_EQ(sums.samples, 4);
    EXPECT_EQ(sums.correct, correct) << weight;
  }
}

TEST(SecondLabels, AreRefusedWhereTheyDoNotFit) {
  const Tensor logits = Tensor::zeros({4, 3}, DType::f32), labels = Tensor::zeros({4}, DType::i32);
  const Tensor weight = Tensor::zeros({1}, DType::f32);
  const auto expect_refused = [&](const SecondLabels& mixed) {
    test::expect_error(ErrorKind::input, {"[cross_entropy]", "second labels"},
                       [&] { cross_entropy(logits, labels, {.second = mixed}); });
    test::expect_error(ErrorKind::input, {"[distill_logits]", "second labels"},
                       [&] { distill_logits(logits, logits, labels, {.second = mixed}); });
  };
  expect_refused({Tensor::zeros({3}, DType::i32), weight});
  expect_refused({Tensor::zeros({4}, DType::f32), weight});
  expect_refused({labels, {}});
  expect_refused({labels, Tensor::zeros({4}, DType::f32)});
  test::expect_error(ErrorKind::input, {"second labels"}, [&] {
    distill_logits(logits, logits, {}, {.second = {labels, weight}});
  });
}

TEST(SecondLabels, ABadLabelIsNamedAndNeverUsed) {
  const Tensor logits = Tensor::zeros({2, 3}, DType::f32);
  const Tensor labels = Tensor::from_host(std::vector<int32_t>{7, 1}, {2});
  const Tensor mirrored = Tensor::from_host(std::vector<int32_t>{1, 7}, {2});
  for (float weight : {0.25f, 0.75f}) {
    const Tensor metrics = Tensor::zeros({int64_t(sizeof(kernels::StepMetrics))}, DType::u8);
    const Tensor loss =
        cross_entropy(logits, labels, {.second = {mirrored, Tensor::from_host(std::vector<float>{weight}, {1})}},
                      reinterpret_cast<kernels::StepMetrics*>(metrics.raw()));
    kernels::StepMetrics sums{};
    metrics.copy_to_host(&sums, sizeof sums);
    EXPECT_TRUE(std::isnan(loss.to_host<float>()[0]));
    EXPECT_EQ(sums.bad_labels, 1);
    EXPECT_EQ(sums.bad_label, 7);
  }
}

}  // namespace
}  // namespace cucurbit
