// Every option of `train` and `distill`: with it, what it should change changes, and nothing else does.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>

#include "cli/traced_run.h"
#include "support/is_test.h"
#include "support/small_data.h"

namespace cucurbit::test {
namespace {

using Aspects = std::set<std::string>;
const Aspects kNothing, kLearning = {"training", "last", "validation", "weights", "test"},
                        kSchedule = {"training", "last", "validation", "weights", "test", "rates"},
                        kAverage = {"validation", "last", "weights", "test"}, kEvaluation = {"validation", "test"},
                        kLength = {"training", "validation", "rates", "last"};

/// A run with `base`, and one with `base` and `given`, which has `option`.
struct Row {
  const char *option, *given;
  Aspects changes = kLearning;
  const char* base = "";
  enum class Of { both, train, distill } of = Of::both;
};

/// {DATA}, {OTHER}, {WIDE}, {CIFAR100}, {TEACHER} and {OTHER_TEACHER} are paths.
const std::vector<Row>& rows() {
  static const std::vector<Row> kRows = {
      // Data. A teacher knows one shape of images and one list of classes.
      {"--data-dir", "--data-dir {OTHER}"},
      {"--img-size", "--img-size 12", kLearning, "", Row::Of::train},
      {"--resize", "--resize stretch", kLearning, "--img-size 12 --data-dir {WIDE}", Row::Of::train},
      {"--coarse-labels", "--coarse-labels", kLearning, "--data-dir {CIFAR100}", Row::Of::train},
      {"--val-size", "--val-size 200", kSchedule},
      {"--overfit-batches", "--overfit-batches 2", kSchedule},
      // The network and its numbers.
      {"--model", "--model mlp:9"},
      {"--amp-dtype", "--amp-dtype bfloat16"},
      {"--seed", "--seed 1"},
      {"--drop", "--drop 0.5"},
      {"--drop-path", "--drop-path 0.5", kLearning, "--model resnet8"},
      {"--smoothing", "--smoothing 0.1"},
      // The optimiser.
      {"--batch-size", "--batch-size 25", kSchedule},
      {"--grad-accum-steps", "--grad-accum-steps 2", kSchedule},
      {"--opt", "--opt adamw"},
      {"--opt", "--opt adam", kLearning, "--opt adamw --weight-decay 0.1"},
      {"--muon-lr", "--muon-lr 0.01", kLearning, "--opt muon --model mlp:8x8"},
      {"--muon-momentum", "--muon-momentum 0.5", kLearning, "--opt muon --model mlp:8x8"},
      {"--muon-rest", "--muon-rest sgd", kLearning, "--opt muon --model mlp:8x8"},
      {"--muon-all", "--muon-all", kLearning, "--opt muon --model mlp:8x8"},
      {"--momentum", "--momentum 0.5"},
      {"--nesterov", "--nesterov"},
      {"--weight-decay", "--weight-decay 0.1"},
      {"--decay-all", "--decay-all", kLearning, "--weight-decay 0.1"},
      {"--clip-grad", "--clip-grad 0.1"},
      {"--clip-grad", "--clip-grad 1e9", kNothing},
      // The schedule.
      {"--lr", "--lr 0.02", kSchedule},
      {"--epochs", "--epochs 3", kSchedule},
      {"--sched", "--sched constant", kSchedule},
      {"--sched", "--sched onecycle", kSchedule},
      {"--decay-epochs", "--decay-epochs 0.5", kSchedule, "--sched step"},
      {"--decay-milestones", "--decay-milestones 1", kSchedule, "--sched multistep"},
      {"--decay-rate", "--decay-rate 0.5", kSchedule, "--sched step --decay-epochs 1"},
      {"--decay-rate", "--decay-rate 0.5", kNothing},
      {"--warmup-epochs", "--warmup-epochs 1", kSchedule},
      {"--max-steps", "--max-steps 10", kSchedule},
      {"--fast-dev-run", "--fast-dev-run", kSchedule},
      {"--patience", "--patience 2", kLength, "--epochs 6 --lr 1e-30"},
      {"--model-ema-decay", "--model-ema-decay 0.9", kAverage},
      {"--model-ema-warmup", "--model-ema-warmup", kAverage, "--model-ema-decay 0.99"},
      // Augmentation.
      {"--max-shift", "--max-shift 2"},
      {"--crop-padding", "--crop-padding 2"},
      {"--padding-mode", "--padding-mode reflect", kLearning, "--max-shift 2"},
      {"--padding-mode", "--padding-mode reflect", kNothing},
      {"--hflip", "--hflip"},
      {"--alternating-flip", "--alternating-flip"},
      {"--aa", "--aa rand-m9-n2"},
      {"--color-jitter", "--color-jitter 0.4"},
      {"--cutout", "--cutout 4"},
      {"--reprob", "--reprob 0.5", kLearning, "--cutout 4"},
      {"--mixup", "--mixup 0.2"},
      {"--cutmix", "--cutmix 1"},
      {"--mixup-prob", "--mixup-prob 0.5", kLearning, "--mixup 0.2"},
      {"--mixup-switch-prob", "--mixup-switch-prob 1", kLearning, "--mixup 0.2 --cutmix 1"},
      {"--no-aug", "--no-aug", kLearning, "--max-shift 2"},
      {"--no-aug", "--no-aug", kNothing},
      // How the run is done and shown.
      {"--tta", "--tta flip", kEvaluation},
      {"--no-graph", "--no-graph", kNothing},
      {"--no-graph", "--no-graph", kNothing, "--max-shift 2 --drop 0.5 --mixup 0.2 --model-ema-decay 0.9"},
      {"--data-residency", "--data-residency stream", kNothing},
      {"--data-residency", "--data-residency stream", kNothing, "--max-shift 2"},
      {"--output", "--output elsewhere", kNothing},
      {"--quiet", "--quiet", kNothing},
      {"--json", "--json", kNothing},
      {"--no-color", "--no-color", kNothing},
      // Distillation.
      {"--teacher", "--teacher {OTHER_TEACHER}", kLearning, "", Row::Of::distill},
      {"--kd-temperature", "--kd-temperature 2", kLearning, "", Row::Of::distill},
      {"--kd-temperature", "--kd-temperature 2", kNothing, "--distill-loss-weight 0", Row::Of::distill},
      {"--distill-loss-weight", "--distill-loss-weight 0.5", kLearning, "", Row::Of::distill},
      {"--task-loss-weight", "--task-loss-weight 0.5", kLearning, "", Row::Of::distill},
      {"--baseline", "--baseline", kNothing, "", Row::Of::distill},
  };
  return kRows;
}

/// Options that need a test of their own, and its name.
const std::map<std::string, std::pair<const char*, const char*>> kOwnTests = {
    {"--method", {"DistillOptionsTest", "TheMethodIsChosenByName"}},
    {"--math", {"OptionsTest", "OwnMathTrainsTheSameUpToRounding"}},
    {"--profile", {"OptionsTest", "ProfilingTrainsNothing"}},
    {"--find-lr", {"TrainingCliTest", "TheRateFinderSuggestsAndTrainsNothing"}},
    {"--resume", {"TrainingCliTest", "ResumingContinuesTheRunBitByBit"}},
    {"--pretrained-path", {"PretrainedTest", "TrainingBeginsFromThem"}},
    {"--on-bad-sample", {"DataCliTest", "BadFilesAreRefusedOrSkipped"}},
    {"--cache-dir", {"DataCliTest", "TheCacheCanBeElsewhereOrAbsent"}},
};

/// The data sets and teachers of all tests, made once, and the runs that several tests compare with.
class Scene {
 public:
  static Scene& get() {
    static Scene scene;
    return scene;
  }

  TracedRun run(const std::string& command, const std::string& options) {
    Arguments arguments;
    arguments.add("--data-dir {DATA} --model mlp:8 --epochs 2 --lr 0.01 --batch-size 50 --val-size 100");
    arguments.add("--amp-dtype float32");
    if (command == "distill") arguments.add("--teacher {TEACHER}");
    return run_alone(command, arguments.add(options), command == "distill" ? "distilled-" : "");
  }

  const TracedRun& base(const std::string& command, const std::string& options) {
    const auto [at, fresh] = bases_.try_emplace(command + " " + options);
    if (fresh) at->second = run(command, options);
    return at->second;
  }

 private:
  Scene() {
    write_idx_folder(paths_["{DATA}"] = folder_ / "data", easy_images(600, 8, 6, 1));
    write_idx_folder(paths_["{OTHER}"] = folder_ / "other", easy_images(600, 8, 6, 2));
    ImageSet wide = easy_images(600, 8, 6, 1);
    wide.height = 4, wide.width = 16;
    write_idx_folder(paths_["{WIDE}"] = folder_ / "wide", wide);
    write_cifar100(paths_["{CIFAR100}"] = folder_ / "cifar-100-binary");
    paths_["{TEACHER}"] = teacher("mlp:16");
    paths_["{OTHER_TEACHER}"] = teacher("mlp:12");
  }

  /// One record: coarse class, fine class, 32x32 pixels of three channels.
  static void write_cifar100(const fs::path& folder) {
    fs::create_directories(folder);
    std::string records;
    for (int i = 0; i < 300; ++i)
      records += std::string{char(i % 100 / 5), char(i % 100)} + std::string(3072, char(i * 7 % 256));
    write_bytes(folder / "train.bin", records);
    write_bytes(folder / "test.bin", records);
  }

  fs::path teacher(const std::string& model) {
    return base("train", "--epochs 3 --model " + model).folder / "weights" / "best.safetensors";
  }

  TracedRun run_alone(const std::string& command, const Arguments& arguments, const std::string& prefix) {
    std::string text = arguments.text();
    for (const auto& [name, path] : paths_)
      if (const size_t at = text.find(name); at != std::string::npos) text.replace(at, name.size(), path.string());
    return traced_run(folder_ / std::to_string(count_++), command, Arguments().add(text), prefix);
  }

  TemporaryFolder folder_;
  std::map<std::string, fs::path> paths_;
  std::map<std::string, TracedRun> bases_;
  int count_ = 0;
};

struct Param {
  std::string command;
  Row row;
};

/// Keys of args.toml whose lines differ.
std::set<std::string> differing_lines(const TracedRun& without, const TracedRun& with) {
  std::set<std::string> keys;
  for (const auto& [key, line] : with.arguments)
    if (const auto at = without.arguments.find(key); at == without.arguments.end() || at->second != line)
      keys.insert(key);
  return keys;
}

/// --crop-padding is another name of --max-shift.
std::string recorded_name(const Row& row) {
  const std::string option = row.option;
  return option == "--crop-padding" ? "max-shift" : option.substr(2);
}

void PrintTo(const Param& param, std::ostream* out) {
  *out << param.command << " " << param.row.base << " against " << param.row.given;
}

class OptionsTableTest : public testing::TestWithParam<Param> {};

TEST_P(OptionsTableTest, ChangesWhatItShouldAndNothingElse) {
  const auto& [command, row] = GetParam();
  const TracedRun& without = Scene::get().base(command, row.base);
  const TracedRun with = Scene::get().run(command, std::string(row.base) + " " + row.given);
  ASSERT_EQ(with.aspects.size(), 6u);
  for (const auto& [aspect, content] : with.aspects) {
    const bool same = content == without.aspects.at(aspect), should_change = row.changes.contains(aspect);
    if (aspect == "test" && should_change) continue;  // other weights may still tell a few hundred images apart alike
    EXPECT_EQ(same, !should_change) << aspect << (should_change ? " must change" : " must not change");
  }
  EXPECT_EQ(differing_lines(without, with), std::set<std::string>{recorded_name(row)}) << "in args.toml";
}

std::vector<Param> params() {
  std::vector<Param> params;
  for (const Row& row : rows()) {
    if (row.of != Row::Of::distill) params.push_back({"train", row});
    if (row.of != Row::Of::train) params.push_back({"distill", row});
  }
  return params;
}

std::string test_name(const testing::TestParamInfo<Param>& info) {
  const auto& [command, row] = info.param;
  return command + std::regex_replace(row.option, std::regex("-+"), "_") + "_" + std::to_string(info.index);
}

INSTANTIATE_TEST_SUITE_P(Options, OptionsTableTest, testing::ValuesIn(params()), test_name);

/// The long names of the options that the help of a command lists.
std::vector<std::string> options_in_help(const std::string& command) {
  std::istringstream help(run_shell(std::string(CUCURBIT_PROGRAM) + " " + command + " --help").text);
  std::vector<std::string> options;
  for (std::string line; std::getline(help, line);) {
    if (!line.starts_with("  -")) continue;
    const std::string names = line.substr(2, line.find(' ', 2) - 2);  // "-b,--batch-size"
    for (size_t at = names.find("--"); at != std::string::npos; at = names.find("--", at + 2))
      options.push_back(names.substr(at, names.find(',', at) - at));
  }
  std::erase(options, "--help");
  return options;
}

bool has_row(const std::string& command, const std::string& option) {
  return std::any_of(rows().begin(), rows().end(), [&](const Row& row) {
    return row.option == option && (command == "distill" || row.of != Row::Of::distill);
  });
}

TEST(OptionsTest, EveryOptionOfTheHelpIsTested) {
  for (const std::string command : {"train", "distill"}) {
    const std::vector<std::string> options = options_in_help(command);
    EXPECT_GT(options.size(), 50u) << command;
    for (const std::string& option : options)
      EXPECT_TRUE(has_row(command, option) || kOwnTests.contains(option)) << command << " " << option << " has no row";
  }
  for (const auto& [option, test] : kOwnTests) EXPECT_TRUE(is_test(test.first, test.second)) << option;
}

TEST(OptionsTest, OwnMathTrainsTheSameUpToRounding) {
  const std::string options = "--model convnet:4";
  const TracedRun vendor = Scene::get().run("train", options), own = Scene::get().run("train", options + " --math own");
  const auto losses = [](const TracedRun& run) { return metrics_column(run.folder / "metrics.csv", "val_loss"); };
  ASSERT_EQ(losses(own).size(), 2u);
  for (size_t epoch = 0; epoch < 2; ++epoch) EXPECT_NEAR(losses(own)[epoch], losses(vendor)[epoch], 1e-3);
  EXPECT_NE(own.aspects.at("last"), vendor.aspects.at("last")) << "other kernels round otherwise";
}

TEST(OptionsTest, ProfilingTrainsNothing) {
  const TemporaryFolder folder;
  write_idx_folder(folder / "data", easy_images(600, 8, 6, 1));
  const Outcome outcome = run_shell("cd " + folder.path().string() + " && " + CUCURBIT_PROGRAM +
                                    " train data --model mlp:8 --profile 2>/dev/null");
  EXPECT_EQ(outcome.code, 0) << outcome.text;
  for (const char* word : {"linear", "cross_entropy", "GFLOP/s", "GB/s"})
    EXPECT_NE(outcome.text.find(word), std::string::npos) << word << " in " << outcome.text;
  EXPECT_FALSE(fs::exists(folder / "runs"));
}

TEST(OptionsTest, OutputSaysWhere) {
  const TracedRun run = Scene::get().run("train", "--output some/where");
  EXPECT_NE(run.folder.string().find("/some/where/train/"), std::string::npos) << run.folder;
}

TEST(OptionsTest, JsonIsTheSummary) {
  for (const std::string command : {"train", "distill"}) {
    const TracedRun run = Scene::get().run(command, "--json");
    EXPECT_EQ(nlohmann::json::parse(run.printed), nlohmann::json::parse(read_bytes(run.folder / "summary.json")));
  }
}

TEST(OptionsTest, TestTimeAugmentationIsThatOfEval) {
  const TracedRun run = Scene::get().run("train", "--tta flip");
  const std::string weights = (run.folder / "weights/best.safetensors").string();
  const auto errors = [&](const std::string& more) {
    const std::string data = run.arguments.at("data-dir");
    const std::string path = data.substr(data.find('"') + 1, data.rfind('"') - data.find('"') - 1);
    const Outcome outcome =
        run_shell(std::string(CUCURBIT_PROGRAM) + " eval " + weights + " " + path + " --json " + more + " 2>/dev/null");
    return nlohmann::json::parse(outcome.text)["errors"].get<int64_t>();
  };
  const auto summary = nlohmann::json::parse(read_bytes(run.folder / "summary.json"));
  EXPECT_EQ(summary["test_errors"], errors("--tta flip"));
  EXPECT_NE(summary["test_errors"], errors("--tta none")) << "the classes lie in one order, so that mirroring confuses";
}

/// Pairs of spellings of one run.
TEST(OptionsTest, TheseAreTheSame) {
  for (const auto& [one, other] : {std::pair{"--max-shift 2", "--crop-padding 2"},
                                   {"--max-shift 2 --hflip --cutout 3 --mixup 0.2 --no-aug", ""},
                                   {"--momentum 0 --nesterov", "--momentum 0"},
                                   {"--sched step --decay-epochs 1 --decay-rate 1", "--sched constant"},
                                   {"--sched multistep --decay-milestones 1", "--sched step --decay-epochs 1"},
                                   {"--fast-dev-run", "--epochs 1 --max-steps 20"}})
    EXPECT_EQ(Scene::get().run("train", one).aspects, Scene::get().base("train", other).aspects) << one;
}

}  // namespace
}  // namespace cucurbit::test
