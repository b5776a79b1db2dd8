// What `train` offers beside the plain run: resuming, the environment, files of the run folder.
#include <cuda_runtime.h>

#include <sstream>

#include "cli_fixture.h"

namespace cucurbit::test {
namespace {

using nlohmann::json;

class TrainingCliTest : public CliTest {
 protected:
  /// Trains and returns the run folder.
  fs::path run_folder(const std::string& more, const std::string& prefix = "") {
    const std::string weights = "train " + data_ + " --model mlp:16 --json" + common_ + " " + more;
    const Outcome outcome = run_shell(prefix + " " + CUCURBIT_PROGRAM + " " + weights + " 2>/dev/null");
    EXPECT_EQ(outcome.code, 0) << outcome.text;
    return outcome.code == 0
               ? fs::path(json::parse(outcome.text)["weights"].get<std::string>()).parent_path().parent_path()
               : fs::path();
  }
  std::string arguments(const fs::path& folder) { return read_bytes(folder / "args.toml"); }
  /// metrics.csv without its column of times.
  std::string metrics(const fs::path& folder) {
    std::istringstream lines(read_bytes(folder / "metrics.csv"));
    std::string kept;
    for (std::string line; std::getline(lines, line);) {
      const size_t first = line.find(','), second = line.find(',', first + 1);
      kept += line.substr(0, first) + line.substr(second) + "\n";
    }
    return kept;
  }
};

TEST_F(TrainingCliTest, ResumingContinuesTheRunBitByBit) {
  const std::string options = "--model-ema-decay 0.9 --clip-grad 1 --grad-accum-steps 2 --batch-size 32 --max-shift 1 ";
  const fs::path straight = run_folder(options + "--epochs 4 --sched constant");
  const fs::path resumed = run_folder(options + "--epochs 2 --sched constant");
  const std::string before = metrics(resumed);
  const Outcome outcome = run("train --resume " + resumed.string() + " --epochs 4 --json", false);
  ASSERT_EQ(outcome.code, 0) << outcome.text;
  EXPECT_EQ(json::parse(outcome.text)["weights"], (resumed / "weights" / "best.safetensors").string());
  EXPECT_EQ(json::parse(outcome.text)["epochs"], 4);
  EXPECT_EQ(metrics(straight), metrics(resumed));
  EXPECT_TRUE(metrics(resumed).starts_with(before));
  // But for the seconds in their descriptions, the files are equal.
  const auto logits = [&](const fs::path& folder, const char* file) {
    const std::string npy = (folder_ / "logits.npy").string();
    EXPECT_EQ(run("predict " + (folder / file).string() + " " + data_ + " --logits " + npy).code, 0);
    return read_bytes(npy);
  };
  for (const char* file : {"weights/best.safetensors", "checkpoints/last.safetensors", "checkpoints/best.safetensors"})
    EXPECT_EQ(logits(straight, file), logits(resumed, file)) << file;
}

TEST_F(TrainingCliTest, AnInterruptedRunGoesOn) {
  const Outcome first =
      interrupt("train " + data_ + " --model mlp:64 --batch-size 4 --sched constant -q --epochs 3000" + common_,
                folder_ / "runs");
  ASSERT_EQ(first.code, 130) << first.text;
  const size_t at = first.text.find("cucurbit train --resume ");
  ASSERT_NE(at, std::string::npos) << first.text;
  const std::string folder = first.text.substr(at + 24, first.text.find('\n', at) - at - 24);
  const auto epochs_of = [&] {
    const std::string text = read_bytes(fs::path(folder) / "metrics.csv");
    return std::count(text.begin(), text.end(), '\n') - 1;
  };
  const auto done = epochs_of();
  const std::string goal = std::to_string(done + 2);
  EXPECT_EQ(run("train --resume " + folder + " --epochs " + goal).code, 0);
  EXPECT_EQ(epochs_of(), done + 2);
}

TEST_F(TrainingCliTest, ResumeAutoTakesTheUnfinishedRunOfTheseOptionsOrStartsOne) {
  const fs::path first = run_folder("--epochs 2 --resume auto");
  EXPECT_NE(run_folder("--epochs 2 --resume auto"), first) << "a finished run is not resumed";
  fs::remove(first / "summary.json");
  EXPECT_NE(run_folder("--epochs 2 --resume auto --lr 0.01"), first) << "other options are another run";
  EXPECT_EQ(run_folder("--epochs 2 --resume auto"), first);
  EXPECT_TRUE(fs::exists(first / "summary.json"));
}

TEST_F(TrainingCliTest, WhatCannotBeResumedIsRefused) {
  expect_refused("train --resume /nonexistent " + data_ + common_, 6, "/nonexistent");
  const fs::path folder = run_folder("--epochs 1");
  expect_refused("train --resume " + folder.string() + " --seed 7", 3, "seed 0, this run has 7");
  expect_refused("train --resume " + folder.string() + " --opt adam", 3, "[resume]");
  expect_refused("train --resume " + folder.string() + " --model mlp:17", 3, "last.safetensors");
  fs::remove(folder / "checkpoints" / "last.safetensors");
  expect_refused("train --resume " + folder.string(), 2, "last.safetensors");
}

TEST_F(TrainingCliTest, DefaultsConfigEnvironmentCommandLine) {
  write_bytes(folder_ / "options.toml", "[train]\nepochs=3\nlr=0.03\nmomentum=0.3\n");
  const fs::path folder = run_folder("--config " + (folder_ / "options.toml").string() + " --momentum 0.5",
                                     "CUCURBIT_LR=0.04 CUCURBIT_MOMENTUM=0.4 CUCURBIT_NESTEROV=true "
                                     "CUCURBIT_DECAY_MILESTONES= CUCURBIT_BATCH_SIZE=50");
  const std::string merged = arguments(folder);
  for (const char* line : {"\nepochs=3\n", "\nlr=0.04\n", "\nmomentum=0.5\n", "\nnesterov=true\n", "\nbatch-size=50\n",
                           "\nweight-decay=0\n"})
    EXPECT_NE(merged.find(line), std::string::npos) << line << merged;
  const Outcome wrong = run_shell("CUCURBIT_OPT=sdg " + std::string(CUCURBIT_PROGRAM) + " train " + data_ + " 2>&1");
  EXPECT_EQ(wrong.code, 2);
  EXPECT_NE(wrong.text.find("sdg"), std::string::npos) << wrong.text;
}

TEST_F(TrainingCliTest, MilestonesAreEpochs) {
  const fs::path folder =
      run_folder("--epochs 5 --warmup-epochs 1 --sched multistep --decay-milestones 2 4 --decay-rate 0.1 --lr 0.1");
  std::istringstream lines(read_bytes(folder / "metrics.csv"));
  std::string line;
  std::getline(lines, line);
  for (const double want : {0.075, 0.1, 0.01, 0.01, 0.001}) {  // of the last step of the epoch; three steps each
    ASSERT_TRUE(std::getline(lines, line));
    const size_t rate = line.rfind(',', line.rfind(',') - 1) + 1;  // before data_wait
    EXPECT_NEAR(std::stod(line.substr(rate)), want, want * 0.12) << line;
  }
  expect_refused("train " + data_ + " --sched multistep --decay-milestones 3 2" + common_, 2, "out of order");
}

TEST_F(TrainingCliTest, WaitingForImagesIsRecorded) {
  for (const std::string residency : {"device", "stream"}) {
    const fs::path folder = run_folder("--epochs 2 --batch-size 32 --data-residency " + residency);
    std::istringstream lines(read_bytes(folder / "metrics.csv"));
    std::string line;
    std::getline(lines, line);
    EXPECT_TRUE(line.ends_with(",lr,data_wait")) << line;
    double sum = 0;
    for (int epoch = 0; epoch < 2; ++epoch) {
      ASSERT_TRUE(std::getline(lines, line));
      const double share = std::stod(line.substr(line.rfind(',') + 1));
      EXPECT_GE(share, 0);
      EXPECT_LT(share, 1);
      sum += share;
    }
    const double total = json::parse(read_bytes(folder / "summary.json"))["data_wait"];
    if (residency == "device") {
      EXPECT_EQ(sum, 0);
      EXPECT_EQ(total, 0);
    } else {
      EXPECT_GT(total, 0) << "a copy takes time";
      EXPECT_LT(total, 1);
    }
  }
}

TEST_F(TrainingCliTest, TheConfusionMatrixNamesItsClasses) {
  const fs::path folder = run_folder("--epochs 1");
  std::istringstream csv(read_bytes(folder / "confusion_matrix.csv"));
  std::string line;
  std::getline(csv, line);
  EXPECT_EQ(line, "class,0,1,2,3");
  int64_t images = 0, correct = 0;
  for (int row = 0; row < 4; ++row) {
    ASSERT_TRUE(std::getline(csv, line));
    std::istringstream fields(line);
    std::string field;
    std::getline(fields, field, ',');
    EXPECT_EQ(field, std::to_string(row));
    for (int column = 0; column < 4; ++column) {
      std::getline(fields, field, ',');
      images += std::stoll(field);
      if (row == column) correct += std::stoll(field);
    }
  }
  const json summary = json::parse(read_bytes(folder / "summary.json"));
  EXPECT_EQ(images, 600);
  EXPECT_EQ(images - correct, summary["test_errors"].get<int64_t>());
}

TEST_F(TrainingCliTest, OutOfMemoryNamesABatchSizeThatFits) {
#ifndef SOFTGPU
  GTEST_SKIP() << "the device's memory is what it is";
#endif
  const std::string limited = "SOFTGPU_MEMORY=96M " + std::string(CUCURBIT_PROGRAM) + " train " + data_ +
                              " --model convnet:64 --amp-dtype float32 --epochs 2" + common_ + " -b ";
  const Outcome failed = run_shell(limited + "500 2>&1");
  EXPECT_EQ(failed.code, 5) << failed.text;
  for (const char* word : {"out of device memory: requested", "free", "of 96.0 MiB", "peak in use", "--batch-size 500"})
    EXPECT_NE(failed.text.find(word), std::string::npos) << word << ": " << failed.text;
  const size_t at = failed.text.find("; --batch-size ");
  ASSERT_NE(at, std::string::npos) << failed.text;
  const int64_t fitting = std::stoll(failed.text.substr(at + 15));
  EXPECT_GT(fitting, 8);
  const Outcome fits = run_shell(limited + std::to_string(fitting) + " 2>&1");
  EXPECT_EQ(fits.code, 0) << fitting << fits.text;
  const Outcome too_large = run_shell(limited + std::to_string(fitting + fitting / 4) + " 2>&1");
  EXPECT_EQ(too_large.code, 5) << "the suggestion should be near the limit: " << fitting;
}

TEST_F(TrainingCliTest, AFewBatchesCanBeLearntByHeart) {
  const fs::path folder = run_folder("--overfit-batches 2 --batch-size 16 --epochs 60 --max-shift 3 --sched constant");
  const std::string rows = read_bytes(folder / "metrics.csv");
  std::istringstream last(rows.substr(rows.rfind('\n', rows.size() - 2) + 1));
  std::string epoch, time, loss;
  std::getline(std::getline(std::getline(last, epoch, ','), time, ','), loss, ',');
  EXPECT_EQ(epoch, "60");
  EXPECT_LT(std::stod(loss), 0.02) << rows;
  expect_refused("train " + data_ + " --overfit-batches 1000" + common_, 2, "--overfit-batches");
}

TEST_F(TrainingCliTest, TheRateFinderSuggestsAndTrainsNothing) {
  const Outcome outcome = run("train " + data_ + " --model mlp:16 --find-lr --json" + common_, false);
  ASSERT_EQ(outcome.code, 0) << outcome.text;
  const json result = json::parse(outcome.text);
  EXPECT_GT(result["steepest"].get<double>(), 1e-6);
  EXPECT_LT(result["below_minimum"].get<double>(), 10);
  const fs::path csv = result["csv"].get<std::string>();
  const std::string table = read_bytes(csv);
  EXPECT_TRUE(table.starts_with("lr,loss,smoothed_loss\n1e-06,")) << table.substr(0, 80);
  EXPECT_FALSE(fs::exists(csv.parent_path() / "weights" / "best.safetensors"));
  const std::string weights = trained("mlp:16");
  const Outcome distilled = run("distill " + data_ + " --teacher " + weights + " --model mlp:8 --find-lr" + common_);
  EXPECT_EQ(distilled.code, 0) << distilled.text;
  EXPECT_NE(distilled.text.find("the loss falls fastest at --lr"), std::string::npos) << distilled.text;
}

TEST_F(TrainingCliTest, TheElementTypeInForceIsRecorded) {
  const std::string automatic = arguments(run_folder("--epochs 1"));
  const bool native = json::parse(run("checks --json", false).text)["native_bf16"];
  EXPECT_NE(automatic.find(native ? "amp-dtype=\"bfloat16\"" : "amp-dtype=\"float32\""), std::string::npos)
      << automatic;
  EXPECT_NE(arguments(run_folder("--epochs 1 --amp-dtype float32")).find("amp-dtype=\"float32\""), std::string::npos);
}

TEST_F(TrainingCliTest, EvalReportsEveryClass) {
  const std::string weights = trained("mlp:16"), csv = (folder_ / "confusion.csv").string();
  const json result =
      json::parse(run("eval " + weights + " " + data_ + " --tta flip --json --confusion-matrix " + csv, false).text);
  int64_t images = 0, correct = 0;
  for (size_t c = 0; c < 4; ++c) {
    const json& row = result["classes"][c];
    EXPECT_EQ(row["name"], std::to_string(c));
    EXPECT_EQ(row["correct"], result["confusion_matrix"][c][c]);
    EXPECT_NEAR(row["accuracy"].get<double>(), row["correct"].get<double>() / row["images"].get<double>(), 1e-12);
    images += row["images"].get<int64_t>();
    correct += row["correct"].get<int64_t>();
  }
  EXPECT_EQ(images, 600);
  EXPECT_EQ(images - correct, result["errors"].get<int64_t>());
  EXPECT_TRUE(read_bytes(csv).starts_with("class,0,1,2,3\n0,"));
  const std::string plain = run("eval " + weights + " " + data_, false).text;
  EXPECT_NE(plain.find("class  images correct  accuracy  precision\n0"), std::string::npos) << plain;
}

TEST_F(TrainingCliTest, TheRunFolderHasEventsAndAReport) {
  const fs::path folder = run_folder("--epochs 2");
  int64_t events = 0;
  for (const auto& entry : fs::directory_iterator(folder))
    events += entry.path().filename().string().starts_with("events.out.tfevents.");
  EXPECT_EQ(events, 1);
  const std::string report = read_bytes(folder / "report.html");
  EXPECT_NE(report.find("<polyline"), std::string::npos);
  EXPECT_NE(report.find("model=&quot;mlp:16&quot;"), std::string::npos);
}

TEST_F(TrainingCliTest, LinesAppearWithoutATerminalAndNoneWhenQuiet) {
  const std::string command = "train " + data_ + " --model mlp:4 --epochs 2" + common_;
  const std::string loud = run(command).text, quiet = run(command + " -q").text;
  EXPECT_NE(loud.find("mlp:4 epoch 2/2"), std::string::npos) << loud;
  EXPECT_EQ(loud.find('\x1b'), std::string::npos) << "no escape sequences without a terminal";
  EXPECT_EQ(quiet.find("epoch 2/2"), std::string::npos) << quiet;
  const std::string last = quiet.substr(quiet.rfind('\n', quiet.size() - 2) + 1);
  EXPECT_TRUE(last.starts_with("best weights: ")) << last;
  const std::string evaluate = last.substr(last.find("cucurbit eval ") + 9);
  EXPECT_EQ(run(evaluate.substr(0, evaluate.find('\n'))).code, 0) << evaluate;
}

TEST_F(TrainingCliTest, ATerminalGetsABar) {
  if (run_shell("script --version 2>&1").code != 0) GTEST_SKIP() << "no script(1) to make a terminal";
  const std::string program = std::string(CUCURBIT_PROGRAM) + " train " + data_ + " --model mlp:4 --epochs 1" + common_;
  const std::string text = run_shell("script -qec '" + program + "' /dev/null").text;
  EXPECT_NE(text.find("[####"), std::string::npos) << text;
  EXPECT_NE(text.find("images/s"), std::string::npos) << text;
  EXPECT_NE(text.find("\x1b[1m"), std::string::npos) << text;
  const std::string plain = run_shell("NO_COLOR=1 script -qec '" + program + "' /dev/null").text;
  EXPECT_EQ(plain.find("\x1b[1m"), std::string::npos) << plain;
}

TEST_F(TrainingCliTest, StoppingEarlyIsSuccess) {
  const Outcome outcome = run("train " + data_ + " --model mlp:4 --epochs 50 --lr 1e-30 --patience 2" + common_);
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.text.find("stopped early: no better validation accuracy for 2 epochs"), std::string::npos)
      << outcome.text;
  EXPECT_NE(outcome.text.find("3 epochs"), std::string::npos) << outcome.text;
}

}  // namespace
}  // namespace cucurbit::test
