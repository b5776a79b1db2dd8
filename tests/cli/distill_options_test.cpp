// What the options of the distillation loss do to it, from outside: the loss and the weights of whole runs.
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/traced_run.h"
#include "engine/io/checkpoint.h"
#include "engine/io/npy.h"
#include "support/small_data.h"

namespace cucurbit::test {
namespace {

constexpr int kImages = 300, kClasses = 6;

/// Rows of logits in double precision.
using Logits = std::vector<std::vector<double>>;

/// log softmax(row / temperature)
std::vector<double> log_probabilities(std::vector<double> row, double temperature) {
  double sum = 0;
  for (double& value : row) sum += std::exp(value /= temperature);
  for (double& value : row) value -= std::log(sum);
  return row;
}

class DistillOptionsTest : public testing::Test {
 protected:
  DistillOptionsTest() {
    write_idx_folder(folder_ / "data", images_);
    const TracedRun run = traced("train", "--model mlp:16 --epochs 3 --batch-size 50");
    teacher_ = (run.folder / "weights/best.safetensors").string();
  }

  /// All images are one batch, and train and test set are alike.
  TracedRun traced(const std::string& command, const std::string& options, const std::string& prefix = "") {
    Arguments arguments;
    arguments.add("--data-dir " + (folder_ / "data").string() + " --model mlp:8 --batch-size 300 --epochs 4" +
                  " --val-size 0 --amp-dtype float32");
    if (command == "distill") arguments.add("--teacher " + teacher_);
    return traced_run(folder_ / std::to_string(count_++), command, arguments.add(options), prefix);
  }
  TracedRun distilled(const std::string& options) { return traced("distill", options, "distilled-"); }

  static double first_loss(const TracedRun& run) {
    return metrics_column(run.folder / "distilled-metrics.csv", "train_loss").at(0);
  }

  /// The loss before the first step.
  double loss_of(double task, double distill, double temperature) {
    return first_loss(distilled("--epochs 1 --task-loss-weight " + std::to_string(task) + " --distill-loss-weight " +
                                std::to_string(distill) + " --kd-temperature " + std::to_string(temperature)));
  }

  Logits logits_of(const std::string& weights) {
    const std::string npy = (folder_ / "logits.npy").string();
    const Outcome outcome = run_shell(std::string(CUCURBIT_PROGRAM) + " predict " + weights + " " +
                                      (folder_ / "data").string() + " --logits " + npy + " 2>&1");
    EXPECT_EQ(outcome.code, 0) << outcome.text;
    const NpyArray array = read_npy(npy);
    EXPECT_EQ(array.shape, (std::vector<int64_t>{kImages, kClasses}));
    const auto* values = reinterpret_cast<const float*>(array.data.data());
    Logits logits;
    for (int row = 0; row < kImages; ++row) logits.emplace_back(values + row * kClasses, values + (row + 1) * kClasses);
    return logits;
  }

  /// The student's logits before the first step: a learning rate that moves no weight.
  Logits initial_logits() {
    return logits_of((traced("train", "--epochs 1 --lr 1e-30").folder / "weights/best.safetensors").string());
  }

  const ImageSet images_ = easy_images(kImages, 8, kClasses, 1);
  TemporaryFolder folder_;
  std::string teacher_;
  int count_ = 0;
};

TEST_F(DistillOptionsTest, TheLossIsTheFormulaOfWeightsAndTemperature) {
  const Logits student = initial_logits(), teacher = logits_of(teacher_);
  double cross_entropy = 0;
  for (int i = 0; i < kImages; ++i)
    cross_entropy -= log_probabilities(student[size_t(i)], 1)[size_t(images_.labels[size_t(i)])] / kImages;
  for (const auto& [task, distill, temperature] :
       {std::tuple(1.0, 0.0, 4.0), {0.0, 1.0, 1.0}, {0.0, 1.0, 4.0}, {0.25, 0.75, 4.0}, {0.75, 0.25, 2.0}}) {
    double divergence = 0;
    for (size_t i = 0; i < kImages; ++i) {
      const auto log_p = log_probabilities(student[i], temperature), log_q = log_probabilities(teacher[i], temperature);
      for (size_t c = 0; c < kClasses; ++c) divergence += std::exp(log_q[c]) * (log_q[c] - log_p[c]) / kImages;
    }
    EXPECT_NEAR(loss_of(task, distill, temperature),
                task * cross_entropy + distill * temperature * temperature * divergence, 1e-5)
        << task << " " << distill << " " << temperature;
  }
}

TEST_F(DistillOptionsTest, DefaultsAreThoseOfTheHelp) {
  EXPECT_EQ(first_loss(distilled("--epochs 1")), loss_of(0.1, 0.9, 4));
}

TEST_F(DistillOptionsTest, WithoutTheTeachersShareItIsTraining) {
  for (const char* more : {"", " --smoothing 0.1", " --max-shift 2", " --mixup 0.2", " --seed 3"}) {
    const TracedRun plain = traced("train", more),
                    weightless = distilled(
                        std::string("--task-loss-weight 1 --distill-loss-weight 0 --kd-temperature 7") + more);
    EXPECT_EQ(plain.aspects, weightless.aspects) << more;
  }
}

TEST_F(DistillOptionsTest, TheBaselineIsTraining) {
  const TracedRun plain = traced("train", ""), baseline = traced("distill", "--baseline", "alone-");
  EXPECT_EQ(plain.aspects, baseline.aspects);
  EXPECT_FALSE(fs::exists(traced("distill", "", "distilled-").folder / "weights/alone-best.safetensors"));
}

TEST_F(DistillOptionsTest, ScalingBothWeightsIsScalingTheRate) {
  const TracedRun whole = distilled("--task-loss-weight 0.5 --distill-loss-weight 1 --lr 0.05"),
                  half = distilled("--task-loss-weight 0.25 --distill-loss-weight 0.5 --lr 0.1");
  EXPECT_EQ(whole.aspects.at("last"), half.aspects.at("last")) << "powers of two round nothing";
  EXPECT_NEAR(first_loss(whole), 2 * first_loss(half), 2e-6);
}

TEST_F(DistillOptionsTest, ImagesAreNormalisedAsTheTeachersWere) {
  write_idx_folder(folder_ / "other", easy_images(kImages, 8, kClasses, 2));
  const TracedRun run = distilled("--data-dir " + (folder_ / "other").string());
  const ChannelStatistics teachers = read_checkpoint_info(teacher_).normalization,
                          students =
                              read_checkpoint_info(run.folder / "weights/distilled-best.safetensors").normalization;
  EXPECT_EQ(students.mean, teachers.mean);
  EXPECT_EQ(students.stddev, teachers.stddev);
  EXPECT_NE(students.mean, channel_statistics(easy_images(kImages, 8, kClasses, 2)).mean);
}

TEST_F(DistillOptionsTest, TheMethodIsChosenByName) {
  EXPECT_EQ(distilled("--method kd").aspects, distilled("").aspects);
  EXPECT_EQ(distilled("--method kd:temperature=7").aspects.at("last"),
            distilled("--kd-temperature 7").aspects.at("last"));
  EXPECT_EQ(distilled("--method ce").aspects.at("last"), traced("train", "").aspects.at("last"));
  const Outcome other =
      run_shell(std::string(CUCURBIT_PROGRAM) + " distill --teacher " + teacher_ + " --method kdd 2>&1");
  EXPECT_EQ(other.code, 2);
  EXPECT_NE(other.text.find("did you mean 'kd'"), std::string::npos) << other.text;
}

}  // namespace
}  // namespace cucurbit::test
