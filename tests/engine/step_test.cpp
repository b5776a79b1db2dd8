// Steps of several learners, with parts, meters, phases and state of their own, as the trainer drives them.
#include "engine/train/step.h"

#include <gtest/gtest.h>

#include "engine/ops/elementwise.h"
#include "engine/ops/reduction.h"
#include "engine/runtime/check.h"
#include "engine/runtime/stream.h"
#include "engine/train/batch_source.h"
#include "engine/train/training_state.h"
#include "kernels/elementwise.h"
#include "support/compare.h"
#include "support/small_data.h"
#include "support/small_networks.h"
#include "support/temporary_folder.h"

namespace cucurbit::test {
namespace {

/// Two peers learn the labels and each other's logits; the first has a linear part on top, and the step keeps the sum
/// of the squares of its logits as state of its own.
class PeerStep : public Step {
 public:
  PeerStep(Network& first, Network& second, const DeviceSet& data, const TrainOptions& options)
      : source_(data, options.augmentation, first),
        first_(first, make_parts(), options.optimizer, options.learning_rates, options.seed),
        second_(second, options.optimizer, options.learning_rates) {}

  std::span<Learner* const> learners() override { return learners_; }
  int64_t samples() const override { return source_.data().count(); }
  void prepare(const StepState& at, int64_t batch_size) override { source_.prepare(at, batch_size); }

  void run(const StepContext& context) override {
    const Batch batch = source_.next(context);
    Tape tape;
    const Tensor ours = first_.forward(batch.images, context.state).logits;
    const Tensor mapped = part_->forward(ours, {.training = true});
    const Tensor theirs = second_.forward(batch.images, context.state).logits;
    const Tensor difference = sub(mapped, theirs);
    const Tensor distance = scale(sum(mul(difference, difference)), 0.01 / double(context.batch_size));
    context.meters.add("distance", distance, context.batch_size);
    const Tensor labels =
        add(cross_entropy(ours, batch.labels, {}, context.meters.counts()), cross_entropy(theirs, batch.labels, {}));
    context.meters.add("agreement", labels, context.batch_size);  // by name before "distance", by use behind it
    const Tensor loss = phase_ == 0 ? labels : add(labels, distance);
    context.meters.add("loss", loss, context.batch_size);
    last_distance_ = distance.detach();
    context.backward(tape, loss);
  }

  void after_update(const StepState*) override {
    kernels::add_into(last_distance_.data<float>(), distances_.data<float>(), 1, stream());
  }

  bool begin_epoch(int64_t epoch) override {
    const int before = phase_;
    phase_ = epoch >= 1 ? 1 : 0;
    return phase_ != before;
  }

  void list_state(std::vector<NamedTensor>& tensors) override { tensors.push_back({"training.distances", distances_}); }

 private:
  std::vector<Learner::Part> make_parts() {
    auto part = std::make_unique<Linear>(4, 4);
    part_ = part.get();
    std::vector<Learner::Part> parts;
    parts.push_back({"map", std::move(part)});
    return parts;
  }

  BatchSource source_;
  Module* part_ = nullptr;
  Learner first_, second_;
  Learner* learners_[2] = {&first_, &second_};
  Tensor distances_ = Tensor::zeros({1}, DType::f32), last_distance_;
  int phase_ = 0;
};

struct PeerRun {
  const ImageSet images = easy_images(200, 8, 4, 7);
  const DeviceSet data{images, channel_statistics(images)};
  Network first{"first", small_mlp(4), {8, 8, 1}, 4, DType::f32, 3};
  Network second{"second", small_mlp(4), {8, 8, 1}, 4, DType::f32, InitialValues{3, "peer"}};
  Trainer trainer;
  TrainingRecord record;

  explicit PeerRun(bool graph) : trainer(make(options(graph))) {}

  static TrainOptions options(bool graph) {
    TrainOptions options{.batch_size = 20, .seed = 4, .graph = graph};
    options.optimizer.ema_decay = 0.9;
    options.learning_rates.assign(100, 0.02f);
    return options;
  }
  Trainer make(const TrainOptions& options) {
    return Trainer(std::make_unique<PeerStep>(first, second, data, options), options);
  }
  void go(int64_t epochs, int64_t max_steps = 0) {
    fit(trainer, nullptr, {.epochs = epochs, .max_steps = max_steps}, {}, record);
  }
  CheckpointInfo info() const {
    return {.model = "first", .image = {8, 8, 1}, .class_names = {"a", "b", "c", "d"}, .normalization = {{0.5}, {0.5}}};
  }
  std::vector<std::vector<float>> bits() {
    std::vector<NamedTensor> own;
    trainer.trained_step().list_state(own);
    std::vector<std::vector<float>> all{first.store().masters().to_host<float>(),
                                        second.store().masters().to_host<float>(), own[0].tensor.to_host<float>()};
    for (Learner* learner : trainer.trained_step().learners())
      for (const auto& [name, tensor] : learner->optimizer().state()) all.push_back(tensor.to_host<float>());
    return all;
  }
};

TEST(Step, EagerAndCapturedPhasesAreBitEqual) {
  PeerRun eager(false), captured(true);
  eager.go(3);
  captured.go(3);
  EXPECT_EQ(eager.bits(), captured.bits());
  EXPECT_GT(captured.trainer.launches(), 0u);
}

TEST(Step, EveryLearnerIsTrained) {
  PeerRun run(true);
  const std::vector<float> first = run.first.store().masters().to_host<float>(),
                           second = run.second.store().masters().to_host<float>();
  run.go(1);
  EXPECT_NE(first, run.first.store().masters().to_host<float>());
  EXPECT_NE(second, run.second.store().masters().to_host<float>());
}

TEST(Step, APhaseChangesTheStepAtItsEpoch) {
  PeerRun run(true);
  run.go(1);
  const size_t before = run.trainer.launches();
  run.go(2);
  EXPECT_GT(run.trainer.launches(), before) << "the step of the second phase was not captured anew";
}

TEST(Step, EverythingThatItTrainsIsResumed) {
  const TemporaryFolder folder;
  PeerRun straight(true), first(true), second(true);
  straight.go(3);
  first.go(3, 14);  // within the second epoch
  save_training_state(folder / "state.safetensors", first.info(), first.trainer, first.record);
  second.record = load_training_state(folder / "state.safetensors", second.trainer);
  second.go(3);
  EXPECT_EQ(straight.bits(), second.bits());
  ASSERT_EQ(second.record.epochs.size(), 3u);
  for (size_t e = 0; e < 3; ++e) {
    const std::vector<MeterReading>&terms = second.record.epochs[e].train.terms,
          &expected = straight.record.epochs[e].train.terms;
    ASSERT_EQ(terms.size(), 2u);
    for (size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(terms[i].name, i == 0 ? "distance" : "agreement");
      EXPECT_NEAR(terms[i].mean, expected[i].mean, 1e-12);
      EXPECT_EQ(terms[i].rows, expected[i].rows);
    }
    EXPECT_NEAR(second.record.epochs[e].train.loss, straight.record.epochs[e].train.loss, 1e-12);
  }
}

TEST(Step, PartsAreTrainedAndNotDeployed) {
  const TemporaryFolder folder;
  PeerRun run(true);
  const auto weight_of_part = [&] {
    for (const auto& [name, parameter] : run.first.store().state().parameters)
      if (name == "training.parts.map.weight") return parameter->master.to_host<float>();
    return std::vector<float>();
  };
  const std::vector<float> before = weight_of_part();
  ASSERT_EQ(before.size(), 16u);
  run.go(2);
  EXPECT_NE(before, weight_of_part());
  save_checkpoint(folder / "weights.safetensors", run.first, run.info());
  const SafetensorsFile file = SafetensorsFile::read(folder / "weights.safetensors");
  for (const auto& tensor : file.tensors()) EXPECT_EQ(tensor.name.find("training."), std::string::npos) << tensor.name;
  EXPECT_EQ(run.first.state().parameters.size(), 6u);
  EXPECT_EQ(run.first.parameter_count(), 64 * 32 + 32 + 32 * 24 + 24 + 24 * 4 + 4);
}

TEST(InitialValues, RolesDifferAndTheEmptyOneIsTheSeeds) {
  const auto values = [](const InitialValues& initial) {
    return Network("n", small_mlp(4), {8, 8, 1}, 4, DType::f32, initial).store().masters().to_host<float>();
  };
  const Network plain("n", small_mlp(4), {8, 8, 1}, 4, DType::f32, 3);
  EXPECT_EQ(values({3, ""}), plain.store().masters().to_host<float>());
  EXPECT_EQ(values({3, "peer"}), values({3, "peer"}));
  EXPECT_NE(values({3, "peer"}), values({3, ""}));
  EXPECT_NE(values({3, "peer"}), values({3, "generation"}));
  EXPECT_NE(values({3, "peer"}), values({4, "peer"}));
}

TEST(ParameterStore, AnotherModuleLeavesTheFirstAsItIs) {
  for (const DType compute : {DType::f32, DType::bf16, DType::f64}) {
    Network network("n", small_convnet(4), {8, 8, 1}, 4, compute, 3);
    ParameterStore& store = network.store();
    const std::vector<double> before = to_host(store.masters());
    Linear part(4, 3);
    store.add("training.parts.head.", part, {.seed = 3, .role = "head"});
    std::vector<double> after = to_host(store.masters());
    ASSERT_GT(after.size(), before.size());
    after.resize(before.size());
    EXPECT_EQ(before, after);
    EXPECT_EQ(store.state().parameters.back().name, "training.parts.head.bias");
    EXPECT_EQ(to_host(store.state().parameters.front().item->value),
              rounded(to_host(store.state().parameters.front().item->master), compute));
  }
}

TEST(Meters, HoldTheMeanOverTheRows) {
  Meters meters;
  const auto scalar = [](float value) { return Tensor::from_host(std::vector<float>{value}, {}); };
  meters.add("b", scalar(1), 3);
  meters.add("a", scalar(2), 1);
  meters.add("b", scalar(5), 1);
  std::vector<MeterReading> readings = meters.take().readings;
  ASSERT_EQ(readings.size(), 2u);
  EXPECT_EQ(readings[0].name, "b");
  EXPECT_DOUBLE_EQ(readings[0].mean, 2);
  EXPECT_DOUBLE_EQ(readings[1].mean, 2);
  meters.add("a", Tensor::from_host(std::vector<double>{7}, {}), 2);
  readings = meters.take().readings;
  ASSERT_EQ(readings.size(), 1u) << "what was read before counts no more, and what was not added to is not there";
  EXPECT_EQ(readings[0].name, "a");
  EXPECT_DOUBLE_EQ(readings[0].mean, 7);
  EXPECT_EQ(readings[0].rows, 2);
}

TEST(Meters, ATermThatIsNotFiniteIsNamed) {
  class BadTerm : public SupervisedStep {
   public:
    using SupervisedStep::SupervisedStep;
    void run(const StepContext& context) override {
      SupervisedStep::run(context);
      context.meters.add("entropy", Tensor::from_host(std::vector<float>{NAN}, {}), context.batch_size);
    }
  };
  const ImageSet images = easy_images(64, 8, 4, 7);
  const DeviceSet data(images, channel_statistics(images));
  Network network("small", small_mlp(4), {8, 8, 1}, 4, DType::f32, 1);
  TrainOptions options{.batch_size = 32, .graph = false};
  options.learning_rates = {0.01f};
  Trainer trainer(std::make_unique<BadTerm>(network, data, options, kCrossEntropy), options);
  trainer.step();
  expect_error(ErrorKind::not_finite, {"'entropy'", "infinite or NaN"}, [&] { trainer.take_metrics(); });
}

}  // namespace
}  // namespace cucurbit::test
