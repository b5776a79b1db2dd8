// Every model of the registry learns: each parameter receives a gradient, a few steps on one small batch lower its
// loss, and a captured step gives the same bits as one that is run anew.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <ostream>

#include "engine/autograd.h"
#include "engine/ops/cross_entropy.h"
#include "engine/train/supervised.h"
#include "models/registry.h"
#include "support/hash.h"

namespace cucurbit {
namespace {

constexpr int64_t kBatch = 8, kClasses = 4, kSteps = 5;

/// As small as the model can take, for speed.
Shape small_image(const ModelFamily& family) {
  if (family.image[0] == 28) return family.image;
  return family.image[0] == 224 || family.name == "airbench94" ? Shape{32, 32, 3} : Shape{16, 16, 3};
}

ImageSet images_of(const Shape& image) {
  ImageSet set{.name = "small", .count = kBatch, .height = image[0], .width = image[1], .channels = image[2]};
  set.own(test::hashed_bytes(size_t(kBatch * image.size()), 1));
  for (int64_t i = 0; i < kBatch; ++i) set.labels.push_back(int32_t(i % kClasses));
  set.class_names = {"a", "b", "c", "d"};
  return set;
}

struct Param {
  std::string model;
  DType compute;
};

void PrintTo(const Param& param, std::ostream* out) { *out << param.model << " " << name(param.compute); }

class EveryModel : public testing::TestWithParam<Param> {
 protected:
  const ModelFamily& family_ = find_family(GetParam().model);
  const ImageSet set_ = images_of(small_image(family_));
  const DeviceSet data_{set_, channel_statistics(set_)};
  Network network_{
      GetParam().model,
      build_model(
          GetParam().model,
          {.image = small_image(family_), .classes = kClasses, .drop = 0.1f, .drop_path = family_.residual ? 0.1f : 0}),
      small_image(family_),
      kClasses,
      GetParam().compute,
      1};

  /// Buffers as they are before training, and back.
  std::vector<std::vector<float>> buffers() const {
    std::vector<std::vector<float>> values;
    for (const auto& [name, buffer] : network_.store().state().buffers)
      values.push_back(buffer->value.to_host<float>());
    return values;
  }
  void restore(const std::vector<float>& masters, const std::vector<std::vector<float>>& values) {
    network_.store().masters().copy_from_host(masters.data(), masters.size() * sizeof(float));
    network_.store().refresh_low_precision_copy();
    size_t at = 0;
    for (const auto& [name, buffer] : network_.store().state().buffers) {
      buffer->value.copy_from_host(values[at].data(), values[at].size() * sizeof(float));
      ++at;
    }
  }

  void expect_gradients() {
    ParameterStore& store = network_.store();
    const StepState start{};
    const Tensor state = bytes_on_device(std::span(&start, 1));
    Tape tape;
    const Batch batch = data_.range(0, kBatch, store.compute());
    const ForwardContext context{.training = true, .state = reinterpret_cast<const StepState*>(state.raw())};
    const Tensor loss = cross_entropy(network_.forward(batch.images, context), batch.labels, {});
    store.begin_gradients();
    tape.backward(loss);
    EXPECT_TRUE(store.finish_gradients().empty());
    for (const auto& [name, parameter] : store.state().parameters) {
      const std::vector<float> gradient = parameter->value.grad().to_host<float>();
      EXPECT_TRUE(std::any_of(gradient.begin(), gradient.end(), [](float value) { return value != 0; }))
          << name << " has a gradient of zeros";
    }
  }

  /// The losses of the first and of the last of kSteps steps, and the weights after them.
  struct Outcome {
    double first, last;
    std::vector<float> masters;
  };
  Outcome train(bool graph) {
    TrainOptions options{.batch_size = kBatch, .graph = graph};
    options.optimizer.kind = OptimizerOptions::Kind::adam;
    options.learning_rates.assign(size_t(kSteps), 1e-3f);
    Trainer trainer =
        supervised_trainer(network_, data_, options, [](const Tensor& logits, const Batch& batch, Meters& meters) {
          return cross_entropy(logits, batch.labels, {}, meters.counts());
        });
    Outcome outcome{};
    for (int64_t step = 0; step < kSteps; ++step) {
      trainer.step();
      outcome.last = trainer.take_metrics().loss;
      if (step == 0) outcome.first = outcome.last;
    }
    outcome.masters = network_.store().masters().to_host<float>();
    return outcome;
  }
};

TEST_P(EveryModel, Learns) {
  const std::vector<float> masters = network_.store().masters().to_host<float>();
  const auto before = buffers();
  if (GetParam().compute == DType::f32) expect_gradients();
  restore(masters, before);
  const Outcome eager = train(false);
  EXPECT_LT(eager.last, eager.first);
  restore(masters, before);
  const Outcome replayed = train(true);
  EXPECT_EQ(eager.first, replayed.first);
  EXPECT_EQ(eager.last, replayed.last);
  EXPECT_EQ(std::memcmp(eager.masters.data(), replayed.masters.data(), masters.size() * sizeof(float)), 0);
}

INSTANTIATE_TEST_SUITE_P(Registry, EveryModel, testing::ValuesIn([] {
                           std::vector<Param> params;
                           for (const ModelFamily& family : model_families())
                             for (const DType compute : {DType::f32, DType::bf16})
                               params.push_back({family.example, compute});
                           return params;
                         }()),
                         [](const auto& info) {
                           std::string text = info.param.model + "_" + std::string(name(info.param.compute));
                           for (char& c : text)
                             if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
                           return text;
                         });

}  // namespace
}  // namespace cucurbit
