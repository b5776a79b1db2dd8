// When a teacher's answers are kept, and what it is asked otherwise.
#include "distill/teacher.h"

#include <gtest/gtest.h>

#include <array>

#include "engine/nn/layers.h"
#include "support/compare.h"
#include "support/small_data.h"

namespace cucurbit {
namespace {

ModulePtr linear_network() {
  auto net = std::make_unique<Sequential>();
  net->emplace<Flatten>();
  net->emplace<Linear>(64, 4);
  return net;
}

TEST(Teacher, KeepsAnswersOnlyWhereViewsAreTheSameInEveryEpoch) {
  const ImageSet images = test::easy_images(40, 8, 4, 3);
  const DeviceSet data(images, channel_statistics(images));
  FrozenNetwork network(Network("teacher", linear_network(), {8, 8, 1}, 4, DType::f32, 1));
  const auto cached = [&](const Augmentation& augmentation) {
    return Teacher(network, data, 4, augmentation).cached();
  };
  EXPECT_TRUE(cached({}));
  EXPECT_TRUE(cached({.border = Border::reflect}));
  for (const Augmentation& augmentation : {Augmentation{.max_shift = 1},
                                           {.flip = Flip::alternating},
                                           {.rand_augment = {.operations = 1}},
                                           {.color_jitter = {.brightness = 0.1f}},
                                           {.cutout = {.size = 2}},
                                           {.mixing = {.cutmix = 1}}})
    EXPECT_FALSE(cached(augmentation));
}

TEST(Teacher, AnswersForTheViewThatTheStudentSees) {
  const ImageSet images = test::easy_images(40, 8, 4, 3);
  const DeviceSet data(images, channel_statistics(images));
  FrozenNetwork network(Network("teacher", linear_network(), {8, 8, 1}, 4, DType::f32, 1));
  const Tensor state = bytes_on_device(std::span<const StepState>(
      std::array{StepState{.seed = 2, .micro_batch = 5, .epoch = 1, .epoch_micro_batch = 1}}));
  const auto* at = reinterpret_cast<const StepState*>(state.raw());
  for (const Augmentation& augmentation : {Augmentation{}, {.max_shift = 2, .mixing = {.mixup = 1}}}) {
    const Teacher teacher(network, data, 4, augmentation);
    const Batch batch = data.training_batch(16, at, augmentation, DType::f32);
    EXPECT_EQ(bool(batch.second), augmentation.mixing.any());
    test::expect_close(test::to_host(teacher.outputs(batch).logits().constant()),
                       test::to_host(network.network().forward(batch.images)), DType::f32, 64, 1, "teacher");
  }
}

}  // namespace
}  // namespace cucurbit
