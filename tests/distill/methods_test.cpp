// Every registered method has a case (tests/method_cases), and its captured steps are bit-equal to eager ones in every
// registered mode; and how methods are written.
#include <gtest/gtest.h>

#include <algorithm>

#include "distill/modes/registry.h"
#include "kernels/error.h"
#include "support/expect_error.h"
#include "support/is_test.h"
#include "support/small_data.h"
#include "support/small_networks.h"

namespace cucurbit::test {
namespace {

/// A teacher and a student of the same small images.
struct Scene {
  const ImageSet images = easy_images(200, 8, 4, 7);
  const DeviceSet data{images, channel_statistics(images)};
  Augmentation augmentation;
  FrozenNetwork frozen;
  Teacher teacher;

  explicit Scene(const Augmentation& augmentation = {}, DType compute = DType::f32)
      : augmentation(augmentation),
        frozen(Network("teacher", small_convnet(4), {8, 8, 1}, 4, compute, 11)),
        teacher(frozen, data, 4, augmentation) {}

  TrainOptions options(bool graph, int64_t steps = 30) const {
    TrainOptions options{.batch_size = 20, .seed = 4, .graph = graph};
    options.augmentation = augmentation;
    options.learning_rates.assign(size_t(steps), 0.05f);
    options.keep_losses = true;
    return options;
  }

  /// Losses and weights after 30 steps.
  struct Outcome {
    std::vector<float> losses, weights;
    TrainMetrics metrics;
    bool operator==(const Outcome& other) const { return losses == other.losses && weights == other.weights; }
  };
  Outcome train(std::string_view mode, const MethodSpec& method, const LossWeights& weights, bool graph = true) const {
    Network student("student", small_mlp(4), {8, 8, 1}, 4, frozen.compute(), 3);
    const TrainOptions options = this->options(graph);
    Trainer trainer(make_step(mode, {.student = student,
                                     .data = data,
                                     .options = options,
                                     .teacher = find_mode(mode).needs_teacher ? &teacher : nullptr,
                                     .method = method,
                                     .weights = weights}),
                    options);
    for (int step = 0; step < 30; ++step) trainer.step();
    const std::vector<float> losses = trainer.losses();
    return {losses, student.store().masters().to_host<float>(), trainer.take_metrics()};
  }
};

const Augmentation kShifts{.max_shift = 1, .flip = Flip::random};

TEST(Methods, EveryOneHasACase) {
  for (const MethodInfo& method : methods()) {
    std::string name(method.name);
    std::replace(name.begin(), name.end(), '-', '_');
    EXPECT_TRUE(is_test("MethodCases", name)) << "write tests/method_cases/" << name << ".cpp";
  }
}

TEST(Methods, CapturedStepsAreBitEqualToEagerOnes) {
  for (const DType compute : {DType::f32, DType::bf16})
    for (const Augmentation& augmentation : {Augmentation{}, kShifts}) {
      const Scene scene(augmentation, compute);
      for (const ModeInfo& mode : modes())
        for (const MethodInfo& method : methods()) {
          if (method.needs_teacher && !mode.needs_teacher) continue;
          const MethodSpec spec{.name = std::string(method.name), .knobs = {}};
          EXPECT_TRUE(scene.train(mode.name, spec, {}, true) == scene.train(mode.name, spec, {}, false))
              << mode.name << " " << method.name;
        }
    }
}

TEST(Methods, CeIsTrainingAloneAndKdWithoutItsTerm) {
  const Scene scene(kShifts);
  const LossWeights weights{.task = 1., .distill = 0., .label_smoothing = 0.1};
  const auto alone = scene.train("labels", {.name = "ce", .knobs = {}}, weights);
  EXPECT_TRUE(alone == scene.train("offline", {.name = "ce", .knobs = {}}, weights));
  EXPECT_TRUE(alone == scene.train("offline", {.name = "kd", .knobs = {}}, weights));
  EXPECT_FALSE(alone == scene.train("offline", {.name = "kd", .knobs = {}}, {}));
}

TEST(Methods, AWeightThatChangesEveryEpochChangesTheCapturedStep) {
  // Ten steps an epoch. In the first epoch labels alone, in the second the teacher alone, then both.
  std::vector<double> task(10, 1), distill(10, 0);
  task.insert(task.end(), 10, 0.);
  distill.insert(distill.end(), 10, 1.);
  task.push_back(0.3);
  distill.push_back(0.7);
  const Scene scene(kShifts);
  const LossWeights varying{.task = StepSchedule(task), .distill = StepSchedule(distill)};
  const MethodSpec kd{.name = "kd", .knobs = {}};
  const auto captured = scene.train("offline", kd, varying, true);
  EXPECT_TRUE(captured == scene.train("offline", kd, varying, false));
  const auto labels_alone = scene.train("offline", kd, {.task = 1., .distill = 0.});
  for (size_t step = 0; step < 10; ++step) EXPECT_EQ(captured.losses[step], labels_alone.losses[step]) << step;
  EXPECT_NE(captured.losses[10], labels_alone.losses[10]);
}

TEST(Methods, TheTermsOfTheLossAreShown) {
  const Scene scene;
  const auto outcome = scene.train("offline", {.name = "kd", .knobs = {}}, {.task = 0.25, .distill = 0.5});
  ASSERT_EQ(outcome.metrics.terms.size(), 2u);
  EXPECT_EQ(outcome.metrics.terms[0].name, "task");
  EXPECT_EQ(outcome.metrics.terms[1].name, "distill");
  EXPECT_NEAR(outcome.metrics.loss, 0.25 * outcome.metrics.terms[0].mean + 0.5 * outcome.metrics.terms[1].mean, 1e-6);
  EXPECT_TRUE(scene.train("labels", {.name = "ce", .knobs = {}}, {}).metrics.terms.empty());
}

TEST(Methods, TheTeacherIsLeftAsItIs) {
  const Scene scene(kShifts);
  const std::string before = scene.frozen.digest();
  scene.train("offline", {.name = "kd", .knobs = {}}, {});
  EXPECT_EQ(before, scene.frozen.digest());
}

TEST(Methods, AreWrittenAsNameAndKnobs) {
  const MethodSpec spec = parse_method("kd:temperature=2.5");
  EXPECT_EQ(spec.name, "kd");
  EXPECT_EQ(spec.knobs.at("temperature"), 2.5);
  EXPECT_TRUE(parse_method("ce").knobs.empty());
  using Kind = ErrorKind;
  expect_error(Kind::usage, {"'kdd'", "did you mean 'kd'", "kd, ce"}, [] { parse_method("kdd"); });
  expect_error(Kind::usage, {"no 'temprature'", "'temperature'"}, [] { parse_method("kd:temprature=2"); });
  expect_error(Kind::usage, {"temperature=-1", "a number above 0"}, [] { parse_method("kd:temperature=-1"); });
  expect_error(Kind::usage, {"'temperature'", "'=' and a number"}, [] { parse_method("kd:temperature"); });
  expect_error(Kind::usage, {"'temperature=1x'"}, [] { parse_method("kd:temperature=1x"); });
  expect_error(Kind::usage, {"kd: ''", "'=' and a number"}, [] { parse_method("kd:"); });
  expect_error(Kind::usage, {"kd: ''"}, [] { parse_method("kd:temperature=2,"); });
  expect_error(Kind::usage, {"ce takes no values"}, [] { parse_method("ce:temperature=1"); });
  expect_error(Kind::usage, {"temperature=0"}, [] { make_method({.name = "kd", .knobs = {{"temperature", 0}}}, {}); });
}

TEST(Modes, AreFoundByName) {
  EXPECT_EQ(find_mode("offline").name, "offline");
  expect_error(ErrorKind::usage, {"'online'", "did you mean 'offline'"}, [] { find_mode("online"); });
  const Scene scene;
  Network student("student", small_mlp(4), {8, 8, 1}, 4, DType::f32, 3);
  const TrainOptions options = scene.options(true);
  const auto make = [&](std::string_view mode, const Teacher* teacher) {
    make_step(mode, {.student = student,
                     .data = scene.data,
                     .options = options,
                     .teacher = teacher,
                     .method = {.name = "kd", .knobs = {}},
                     .weights = {}});
  };
  expect_error(ErrorKind::usage, {"offline", "needs a teacher"}, [&] { make("offline", nullptr); });
  expect_error(ErrorKind::usage, {"labels has no teacher", "kd"}, [&] { make("labels", &scene.teacher); });
}

}  // namespace
}  // namespace cucurbit::test
