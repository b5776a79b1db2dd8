// Which images a run validates on, and which weights it tests and reports.
#include <nlohmann/json.hpp>

#include "cli/traced_run.h"
#include "engine/data/split.h"
#include "engine/io/checkpoint.h"
#include "support/small_data.h"

namespace cucurbit::test {
namespace {

using nlohmann::json;

class SelectionTest : public testing::Test {
 protected:
  SelectionTest() { write_idx_folder(folder_ / "data", images_); }

  TracedRun trained(const std::string& options) {
    Arguments arguments;
    arguments.add("--data-dir " + (folder_ / "data").string() + " --model mlp:8 --epochs 2 --batch-size 50");
    return traced_run(folder_ / std::to_string(count_++), "train",
                      arguments.add("--val-size 100 --amp-dtype float32 " + options), "");
  }

  /// Of the images that are left to train on.
  ChannelStatistics training_statistics(int64_t val_size, uint64_t seed) const {
    return channel_statistics(split_validation({.train = images_}, val_size, seed).train);
  }

  json evaluated(const fs::path& weights) const {
    const Outcome outcome = run_shell(std::string(CUCURBIT_PROGRAM) + " eval " + weights.string() + " " +
                                      (folder_ / "data").string() + " --json 2>/dev/null");
    EXPECT_EQ(outcome.code, 0) << outcome.text;
    return json::parse(outcome.text);
  }

  const ImageSet images_ = easy_images(600, 8, 6, 1);
  TemporaryFolder folder_;
  int count_ = 0;
};

TEST_F(SelectionTest, TheBestWeightsAreTested) {
  const TracedRun run = trained("--lr 0.05 --sched multistep --decay-milestones 1 --decay-rate 30");
  const std::vector<double> accuracy = metrics_column(run.folder / "metrics.csv", "val_top1");
  ASSERT_GT(accuracy.at(0), accuracy.at(1)) << "the second epoch, at 30 times the rate, must be the worse one";
  const json summary = json::parse(read_bytes(run.folder / "summary.json")),
             best = evaluated(run.folder / "weights/best.safetensors"),
             last = evaluated(run.folder / "checkpoints/last.safetensors");
  EXPECT_EQ(summary["test_errors"], best["errors"]);
  EXPECT_NE(last["errors"], best["errors"]);
  EXPECT_EQ(network_digest(run.folder / "checkpoints/best.safetensors"), run.aspects.at("weights"));
  int64_t images = 0, correct = 0;
  for (size_t is = 0; is < 6; ++is) {
    correct += best["confusion_matrix"][is][is].get<int64_t>();
    for (const json& count : best["confusion_matrix"][is]) images += count.get<int64_t>();
  }
  EXPECT_EQ(images - correct, summary["test_errors"].get<int64_t>());
}

TEST_F(SelectionTest, ValidationImagesDependOnTheSetAndTheirNumberAlone) {
  // The statistics of the training part tell which images those were. Teachers of earlier versions rely on the seed 0.
  const ChannelStatistics expected = training_statistics(100, 0);
  ASSERT_NE(expected.mean, training_statistics(100, 1).mean);
  for (const char* options : {"", "--seed 5", "--batch-size 20", "--epochs 1"}) {
    const TracedRun run = trained(options);
    const CheckpointInfo info = read_checkpoint_info(run.folder / "weights/best.safetensors");
    EXPECT_EQ(info.normalization.mean, expected.mean) << options;
    EXPECT_EQ(info.normalization.stddev, expected.stddev) << options;
  }
}

TEST_F(SelectionTest, ATenthIsCutOffUnlessAskedOtherwise) {
  const ChannelStatistics tenth = training_statistics(60, 0);
  const TracedRun run = trained("--val-size -1");
  EXPECT_EQ(read_checkpoint_info(run.folder / "weights/best.safetensors").normalization.mean, tenth.mean);
}

TEST_F(SelectionTest, WithoutValidationTheLastWeightsAreTested) {
  const TracedRun run = trained("--val-size 0");
  EXPECT_EQ(run.aspects.at("weights"), run.aspects.at("last"));
}

}  // namespace
}  // namespace cucurbit::test
