// The program as a user meets it: what it prints, what it leaves behind, and how it refuses bad input.
#include "cli_fixture.h"
#include "engine/io/npy.h"

namespace cucurbit::test {
namespace {

TEST_F(CliTest, WithoutArgumentsItHelps) {
  const Outcome outcome = run("");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.text.find("cucurbit train"), std::string::npos) << outcome.text;
  EXPECT_EQ(run("--help").code, 0);
  EXPECT_EQ(run("train --help").code, 0);
}

TEST_F(CliTest, SmallCommandsAnswer) {
  EXPECT_NE(run("version").text.find("cucurbit 0."), std::string::npos);
  EXPECT_TRUE(nlohmann::json::parse(run("checks --json", false).text).contains("device"));
  const auto models = nlohmann::json::parse(run("models --json", false).text);
  EXPECT_EQ(models[0]["parameters"], 784 * 800 + 800 + 800 * 800 + 800 + 800 * 10 + 10);
  EXPECT_EQ(nlohmann::json::parse(run("models mlp:1200x1200 --json", false).text)[0]["parameters"], 2395210);
}

TEST_F(CliTest, TrainEvaluatePredictInspect) {
  const std::string weights = trained("convnet:8", " --amp-dtype bfloat16 --model-ema-decay 0.5");
  const fs::path run_folder = fs::path(weights).parent_path().parent_path();
  for (const char* file :
       {"args.toml", "env.json", "classes.txt", "metrics.csv", "summary.json", "checkpoints/last.safetensors"})
    EXPECT_TRUE(fs::exists(run_folder / file)) << file;

  const auto result = nlohmann::json::parse(run("eval " + weights + " " + data_ + " --json", false).text);
  EXPECT_EQ(result["samples"], 600);
  EXPECT_GT(result["top1"].get<double>(), 0.9);
  const auto own = nlohmann::json::parse(run("eval " + weights + " " + data_ + " --math own --json", false).text);
  EXPECT_NEAR(own["loss"].get<double>(), result["loss"].get<double>(), 1e-5);

  const std::string npy = (folder_ / "logits.npy").string();
  EXPECT_EQ(run("predict " + weights + " " + data_ + " --logits " + npy).code, 0);
  EXPECT_EQ(read_npy(npy).shape, (std::vector<int64_t>{600, 4}));
  EXPECT_NE(run("predict " + weights + " " + data_, false).text.find("index,class,probability\n0,"), std::string::npos);

  EXPECT_EQ(nlohmann::json::parse(run("inspect " + data_ + " --json", false).text)["train"]["images"], 600);
  EXPECT_EQ(nlohmann::json::parse(run("inspect " + weights + " --json", false).text)["model"], "convnet:8");
}

TEST_F(CliTest, DistilWritesTheSummary) {
  const std::string teacher = trained("mlp:64");
  for (const char* augmentation :
       {"", " --max-shift 1"}) {  // cached teacher outputs, and a teacher that sees every view
    const Outcome outcome = run(
        "distill " + data_ + " --teacher " + teacher + " --model mlp:8 --baseline --epochs 2" + augmentation + common_,
        false);
    ASSERT_EQ(outcome.code, 0) << outcome.text;
    const std::string path = outcome.text.substr(outcome.text.rfind("summary: ") + 9);
    const auto summary = nlohmann::json::parse(std::ifstream(path.substr(0, path.find('\n'))));
    for (const char* role : {"teacher", "student_alone", "student_distilled"})
      for (const char* key : {"model", "parameters", "test_accuracy", "test_errors", "epochs", "seconds"})
        EXPECT_TRUE(summary[role].contains(key)) << role << " " << key;
    EXPECT_EQ(summary["student_distilled"]["parameters"], 256 * 8 + 8 + 8 * 4 + 4);
  }
}

TEST_F(CliTest, TheRunFolderRepeatsTheRun) {
  const std::string weights = trained();
  const fs::path arguments = fs::path(weights).parent_path().parent_path() / "args.toml";
  const Outcome again = run("train --json --config " + arguments.string(), false);
  ASSERT_EQ(again.code, 0) << again.text;
  const std::string repeated = nlohmann::json::parse(again.text)["weights"];
  EXPECT_NE(weights, repeated) << "a run must not overwrite another";
  const auto bytes = [](const std::string& path) {
    const NpyArray logits = read_npy(path);
    return logits.data;
  };
  const std::string a = (folder_ / "a.npy").string(), b = (folder_ / "b.npy").string();
  run("predict " + weights + " " + data_ + " --logits " + a);
  run("predict " + repeated + " " + data_ + " --logits " + b);
  EXPECT_EQ(bytes(a), bytes(b));
}

TEST_F(CliTest, UsageErrorsExitWith2AndSuggest) {
  expect_refused("trian", 2, "did you mean train?");
  expect_refused("train " + data_ + " --epocs 3", 2, "did you mean --epochs?");
  expect_refused("train " + data_ + " --model convnett" + common_, 2, "'convnet'");
  expect_refused("train " + data_ + " --model mlp:0" + common_, 2, "mlp:0");
  expect_refused("train " + data_ + " --model mlp:12x" + common_, 2, "mlp:12x");
  expect_refused("train " + data_ + " --amp-dtype float16" + common_, 2, "float16");
  expect_refused("train " + data_ + " --math vender" + common_, 2, "vender");
  expect_refused("train " + data_ + " --epochs -1" + common_, 2, "epochs");
  expect_refused("train " + data_ + " --batch-size 100000" + common_, 2, "--batch-size 100000");
  expect_refused("train " + data_ + " --val-size 600 --output x", 2, "validation");
  expect_refused("distill " + data_, 2, "--teacher");
  expect_refused("train --config /nonexistent.toml", 6, "/nonexistent.toml");
}

TEST_F(CliTest, WrongNumbersAreNamedWithWhatIsWanted) {
  for (const char* option :
       {"--epochs 0", "--batch-size -3", "--lr none", "--lr inf", "--lr nan", "--decay-milestones 3 0"})
    expect_refused("train " + data_ + " " + option + common_, 2, "expected a number above 0");
  expect_refused("train " + data_ + " --weight-decay -1" + common_, 2, "'-1': expected a number not below 0");
  expect_refused("train " + data_ + " --weight-decay inf" + common_, 2, "'inf': expected a number not below 0");
  expect_refused("train " + data_ + " --epochs 1.5" + common_, 2,
                 "--epochs = 1.5: expected a number (counts must be integers)");
  expect_refused("train " + data_ + " --output x --val-size 600", 2, "lower --val-size");
  expect_refused("train " + data_ + " --output x --val-size 0 --patience 2", 2, "--patience");
}

TEST_F(CliTest, ImpossibleShapesExitWith3) {
  write_idx_folder(folder_ / "tiny", easy_images(50, 4, 2, 1));
  expect_refused("train " + (folder_ / "tiny").string() + " --model lenet" + common_ + " --val-size 0", 3, "[");
}

TEST_F(CliTest, BadDataExitsWith3Or6) {
  expect_refused("train /nonexistent" + common_, 6, "/nonexistent");
  fs::create_directory(folder_ / "empty");
  expect_refused("train " + (folder_ / "empty").string(), 6, "train-images");
  const fs::path images = folder_ / "data" / "train-images-idx3-ubyte";
  const auto size = fs::file_size(images);
  for (uintmax_t length = 0; length < size; length += 4096 * 8) {
    fs::resize_file(images, length);
    expect_refused("inspect " + data_, 3, "train-images-idx3-ubyte");
  }
  EXPECT_FALSE(fs::exists(folder_ / "runs")) << "a refused run leaves nothing behind";
}

TEST_F(CliTest, BadWeightsExitWith3Or6) {
  const std::string weights = trained();
  expect_refused("eval /nonexistent.safetensors " + data_, 6, "/nonexistent.safetensors");
  write_idx_folder(folder_ / "other", easy_images(50, 8, 4, 1));
  expect_refused("eval " + weights + " " + (folder_ / "other").string(), 3, "images");
  write_idx_folder(folder_ / "fewer", easy_images(50, 16, 3, 1));
  expect_refused("eval " + weights + " " + (folder_ / "fewer").string(), 3, "classes");
  expect_refused("distill " + (folder_ / "fewer").string() + " --teacher " + weights + common_ + " --val-size 0", 3,
                 "classes");
  fs::resize_file(weights, fs::file_size(weights) - 1);
  expect_refused("eval " + weights + " " + data_, 3, "best.safetensors");
}

TEST_F(CliTest, NonFiniteLossExitsWith4) {
  expect_refused("train " + data_ + " --model mlp:16 --lr 1e30 --epochs 1" + common_, 4, "--lr");
}

TEST_F(CliTest, UnwritableOutputExitsWith6) {
  std::ofstream(folder_ / "file") << "x";
  expect_refused("train " + data_ + " --model mlp:4 --epochs 1 --val-size 0 --output " + (folder_ / "file").string(), 6,
                 "file");
}

TEST_F(CliTest, InterruptSavesAndExitsWith130) {
  const std::string out = (folder_ / "interrupted").string();
  const Outcome outcome =
      interrupt("train " + data_ + " --model mlp:512 --epochs 100000 -q --val-size 100 --output " + out, out);
  EXPECT_EQ(outcome.code, 130) << outcome.text;
  ASSERT_FALSE(fs::is_empty(out));
  for (const auto& run_folder : fs::directory_iterator(fs::path(out) / "train"))
    EXPECT_TRUE(fs::exists(run_folder.path() / "checkpoints" / "last.safetensors"));
}

}  // namespace
}  // namespace cucurbit::test
