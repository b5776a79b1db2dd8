// Runs through the library, without the program: from a value to a run folder and its results.
#include "distill/run/run.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "distill/run/find_lr.h"
#include "support/small_data.h"
#include "support/temporary_folder.h"

namespace cucurbit {
namespace {

namespace fs = std::filesystem;

class RunTest : public ::testing::Test {
 protected:
  RunTest() {
    test::write_idx_folder(folder_ / "data", test::easy_images(600, 16, 4, 1));
    spec_.data.data = (folder_ / "data").string();
    spec_.model = "mlp:16";
    spec_.epochs = 2;
    spec_.val_size = 100;
    spec_.output.output = (folder_ / "runs").string();
  }
  static nlohmann::json summary_in(const fs::path& folder) {
    return nlohmann::json::parse(test::read_bytes(folder / "summary.json"));
  }

  test::TemporaryFolder folder_;
  RunSpec spec_;
};

TEST_F(RunTest, TrainingLeavesAFolderAndReturnsItsResults) {
  std::vector<std::string> begun, notes;
  int epochs = 0;
  RunObserver observer;
  observer.training = [&](const std::string& label) { begun.push_back(label); };
  observer.note = [&](const std::string& text) { notes.push_back(text); };
  observer.epoch = [&](const EpochReport& report, int64_t of) {
    EXPECT_EQ(report.epoch, ++epochs);
    EXPECT_EQ(of, 2);
  };
  const TrainingResult result = run_training(spec_, observer);
  EXPECT_EQ(begun, std::vector<std::string>{"mlp:16"});
  EXPECT_EQ(notes, std::vector<std::string>{"classes: 0 151, 1 156, 2 145, 3 148"});
  EXPECT_EQ(epochs, 2);
  EXPECT_EQ(result.network.epochs, 2);
  EXPECT_EQ(result.network.parameters, 256 * 16 + 16 + 16 * 4 + 4);
  EXPECT_EQ(result.network.test.samples, 600);
  EXPECT_GT(result.network.test.top1, 0.5);
  EXPECT_EQ(result.network.weights, result.folder / "weights" / "best.safetensors");
  EXPECT_EQ(summary_in(result.folder), summary_of(result.network));
  EXPECT_FALSE(fs::exists(result.folder / "args.toml")) << "no text repeats a run that had none";
  EXPECT_NE(run_training(spec_).folder, result.folder) << "a run must not overwrite another";
}

TEST_F(RunTest, ArgumentsAreKeptAndFindTheUnfinishedRun) {
  spec_.output.resume = "auto";
  test::expect_error(ErrorKind::usage, {"`resume`", "`arguments`"}, [&] { run_training(spec_); });
  spec_.output.arguments = "any text\n";
  const fs::path first = run_training(spec_).folder;
  EXPECT_EQ(test::read_bytes(first / "args.toml"), "any text\n");
  fs::remove(first / "summary.json");
  EXPECT_EQ(run_training(spec_).folder, first);
  fs::remove(first / "summary.json");
  spec_.output.arguments = "other text\n";
  EXPECT_NE(run_training(spec_).folder, first);
}

TEST_F(RunTest, DistillationTrainsTheStudentTwice) {
  const std::string teacher = run_training(spec_).network.weights.string();
  spec_.model = "mlp:8";
  std::vector<std::string> begun;
  RunObserver observer;
  observer.training = [&](const std::string& label) { begun.push_back(label); };
  const DistillationResult result = run_distillation(spec_, {.teacher = teacher, .baseline = true}, observer);
  EXPECT_EQ(begun, (std::vector<std::string>{"alone", "distilled"}));
  EXPECT_EQ(result.teacher.model, "mlp:16");
  ASSERT_TRUE(result.student_alone.has_value());
  EXPECT_EQ(result.student_alone->parameters, result.student_distilled.parameters);
  EXPECT_NE(result.student_alone->validation.loss, result.student_distilled.validation.loss);
  EXPECT_EQ(summary_in(result.folder), summary_of(result));
  EXPECT_FALSE(run_distillation(spec_, {.teacher = teacher}).student_alone.has_value());
  test::expect_error(ErrorKind::usage, {"'none' is not known", "kd"},
                     [&] { run_distillation(spec_, {.teacher = teacher, .method = "none"}); });
}

TEST_F(RunTest, TheLearningRateIsSweptInItsOwnFolder) {
  const FoundRate found = find_lr(spec_, nullptr);
  EXPECT_TRUE(test::read_bytes(found.csv).starts_with("lr,loss,smoothed_loss\n1e-06,"));
  EXPECT_GT(found.sweep.steepest, 1e-6);
  EXPECT_FALSE(fs::exists(found.csv.parent_path() / "summary.json"));
}

TEST_F(RunTest, FieldsThatContradictAreNamed) {
  spec_.patience = 2;
  spec_.val_size = 0;
  test::expect_error(ErrorKind::usage, {"`patience`", "`val_size`"}, [&] { run_training(spec_); });
  spec_ = {.data = spec_.data, .model = "mlp:16", .overfit_batches = 1000, .output = spec_.output};
  test::expect_error(ErrorKind::usage, {"`overfit_batches` 1000"}, [&] { run_training(spec_); });
  EXPECT_FALSE(fs::exists(spec_.output.output)) << "a refused run leaves nothing behind";
}

}  // namespace
}  // namespace cucurbit
