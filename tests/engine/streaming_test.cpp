// Images in host memory give the same bits as images on the device, in training and evaluation, also if trainings share
// them.
#include <gtest/gtest.h>

#include <array>
#include <memory>

#include "engine/nn/layers.h"
#include "engine/ops/cross_entropy.h"
#include "engine/train/evaluate.h"
#include "engine/train/supervised.h"
#include "support/compare.h"
#include "support/expect_error.h"
#include "support/small_data.h"

namespace cucurbit {
namespace {

const Augmentation kAugmentations[] = {
    {},
    {.max_shift = 2, .border = Border::reflect, .flip = Flip::alternating},
    {.flip = Flip::random, .rand_augment = {.operations = 2}, .mixing = {.mixup = 0.4f, .cutmix = 1}}};

/// A data set, a network and its training.
struct SmallRun {
  ImageSet images = test::easy_images(203, 8, 4, 7);
  DeviceSet data;
  Network network;
  std::unique_ptr<Trainer> trainer;

  static ModulePtr layers() {
    auto net = std::make_unique<Sequential>();
    net->emplace<Flatten>();
    net->emplace<Linear>(64, 16, Activation::relu);
    net->emplace<Linear>(16, 4);
    return net;
  }
  explicit SmallRun(Residency residency)
      : data(images, channel_statistics(images), residency),
        network("small", layers(), {8, 8, 1}, 4, DType::f32, 1),
        trainer() {}

  struct Options {
    bool graph = true;
    int64_t grad_accum_steps = 1, batch_size = 16;
    Augmentation augmentation{};
    uint64_t seed = 5;
  };
  static std::unique_ptr<Trainer> make_trainer(Network& network, const DeviceSet& data, const Options& o) {
    TrainOptions options{
        .batch_size = o.batch_size, .grad_accum_steps = o.grad_accum_steps, .seed = o.seed, .graph = o.graph};
    options.augmentation = o.augmentation;
    options.learning_rates.assign(100, 0.05f);
    return std::make_unique<Trainer>(
        supervised_trainer(network, data, options, [](const Tensor& logits, const Batch& batch, Meters& meters) {
          return cross_entropy(logits, batch.labels, {.second = batch.second}, meters.counts());
        }));
  }
  SmallRun(Residency residency, const Options& options) : SmallRun(residency) {
    trainer = make_trainer(network, data, options);
  }
  std::vector<float> weights() const { return network.store().masters().to_host<float>(); }
};

void steps(Trainer& trainer, int64_t count) {
  for (int64_t i = 0; i < count; ++i) trainer.step();
}

TEST(Streaming, TrainingIsBitEqual) {
  for (const Augmentation& augmentation : kAugmentations)
    for (bool graph : {false, true})
      for (int64_t grad_accum_steps : {1, 3}) {
        const SmallRun::Options options{
            .graph = graph, .grad_accum_steps = grad_accum_steps, .augmentation = augmentation};
        SmallRun resident(Residency::device, options), streamed(Residency::host, options);
        EXPECT_EQ(resident.data.residency(), Residency::device);
        EXPECT_EQ(streamed.data.residency(), Residency::host);
        for (int64_t part : {1, 1, 9, 20}) {  // more than two epochs of 12 batches
          steps(*resident.trainer, part);
          steps(*streamed.trainer, part);
          EXPECT_EQ(resident.weights(), streamed.weights())
              << "graph " << graph << ", grad_accum_steps " << grad_accum_steps;
        }
        const TrainMetrics expected = resident.trainer->take_metrics(), got = streamed.trainer->take_metrics();
        EXPECT_EQ(expected.loss, got.loss);
        EXPECT_EQ(expected.top1, got.top1);
        EXPECT_EQ(expected.waited, 0);
        EXPECT_GT(got.waited, 0);
      }
}

TEST(Streaming, EvaluationBetweenStepsIsBitEqualAndLeavesThemAlone) {
  SmallRun resident(Residency::device, {}), streamed(Residency::host, {});
  for (int round = 0; round < 3; ++round) {
    steps(*resident.trainer, 4);
    steps(*streamed.trainer, 4);
    for (int64_t batch_size : {7, 64, 203, 1000}) {
      const Evaluation expected = evaluate(resident.network, resident.data, {.batch_size = batch_size});
      const Evaluation got = evaluate(streamed.network, streamed.data, {.batch_size = batch_size});
      EXPECT_EQ(expected.errors, got.errors);
      EXPECT_EQ(expected.loss, got.loss);
    }
    EXPECT_TRUE(test::same_bits(test::to_host(logits_of(resident.network, resident.data, {.batch_size = 50})),
                                test::to_host(logits_of(streamed.network, streamed.data, {.batch_size = 50}))));
    EXPECT_EQ(resident.weights(), streamed.weights());
  }
}

TEST(Streaming, GoesOnFromAnyPosition) {
  for (const StepState& position : {StepState{.seed = 9, .micro_batch = 7, .epoch = 0, .epoch_micro_batch = 7},
                                    {.seed = 9, .micro_batch = 23, .epoch = 1, .epoch_micro_batch = 11},
                                    {.seed = 2, .micro_batch = 24, .epoch = 2, .epoch_micro_batch = 0}}) {
    SmallRun resident(Residency::device, {}), streamed(Residency::host, {});
    for (const SmallRun* run : {&resident, &streamed}) {
      steps(*run->trainer, 5);
      run->trainer->set_position(position);
      steps(*run->trainer, 5);
    }
    EXPECT_EQ(resident.weights(), streamed.weights());
    EXPECT_EQ(resident.trainer->position(), streamed.trainer->position());
  }
}

TEST(Streaming, TrainingsMayShareASet) {
  // They take turns: with the same position, with other seeds and with another batch size, all captured.
  const SmallRun::Options all[] = {{.seed = 1}, {.seed = 2}, {.batch_size = 10, .seed = 1}};
  std::vector<std::vector<float>> results[2];
  for (const Residency residency : {Residency::device, Residency::host}) {
    const SmallRun shared(residency);
    std::vector<std::unique_ptr<Network>> networks;
    std::vector<std::unique_ptr<Trainer>> trainers;
    for (const SmallRun::Options& options : all) {
      networks.push_back(std::make_unique<Network>("small", SmallRun::layers(), Shape{8, 8, 1}, 4, DType::f32, 1));
      trainers.push_back(SmallRun::make_trainer(*networks.back(), shared.data, options));
    }
    for (int round = 0; round < 9; ++round)
      for (const auto& trainer : trainers) steps(*trainer, 1 + round % 3);
    for (const auto& network : networks)
      results[residency == Residency::host].push_back(network->store().masters().to_host<float>());
  }
  EXPECT_EQ(results[0], results[1]);
}

TEST(Streaming, KeepsTheImagesThatItNeeds) {
  const auto make = [] {
    const ImageSet images = test::easy_images(50, 8, 4, 7);
    return DeviceSet(images, channel_statistics(images), Residency::host);
  };
  const DeviceSet data = make();
  const ImageSet images = test::easy_images(50, 8, 4, 7);
  const DeviceSet resident(images, channel_statistics(images), Residency::device);
  EXPECT_TRUE(test::same_bits(test::to_host(data.range(10, 30, DType::f32).images),
                              test::to_host(resident.range(10, 30, DType::f32).images)));
}

TEST(Streaming, SmallSetsLieOnTheDevice) {
  const ImageSet images = test::easy_images(50, 8, 4, 7);
  EXPECT_EQ(DeviceSet(images, channel_statistics(images)).residency(), Residency::device);
}

TEST(Streaming, RefusesWhatItWasNotPreparedFor) {
  const SmallRun run(Residency::host);
  const StepState start{};
  const Tensor state = bytes_on_device(std::span<const StepState>(&start, 1));
  const auto* at = reinterpret_cast<const StepState*>(state.raw());
  test::expect_error(ErrorKind::usage, {"[data]", "prepare"}, [&] { run.data.training_batch(16, at, {}, DType::f32); });
  run.data.prepare(start, 16, 1);
  EXPECT_EQ(run.data.training_batch(16, at, {}, DType::f32).images.dim(0), 16);
  test::expect_error(ErrorKind::usage, {"[data]", "prepare"}, [&] { run.data.training_batch(8, at, {}, DType::f32); });
  test::expect_error(ErrorKind::usage, {"[data]", "3"}, [&] {
    run.data.prepare({.seed = 0, .micro_batch = 4, .epoch = 0, .epoch_micro_batch = 4}, 16, 3);
  });
}

}  // namespace
}  // namespace cucurbit
