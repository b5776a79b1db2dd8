// Weights of PyTorch in the program: read, trained on, written.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/io/npy.h"
#include "engine/io/safetensors.h"
#include "support/hashed_weights.h"
#include "support/run_program.h"
#include "support/small_data.h"
#include "support/temporary_folder.h"

namespace cucurbit::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class PretrainedTest : public ::testing::Test {
 protected:
  PretrainedTest() {
    const auto count = case_["images"].get<int64_t>(), pixels = case_["pixels"].get<int64_t>();
    ImageSet set{.name = "hashed", .count = count, .height = pixels, .width = pixels, .channels = 1};
    set.own(hashed_bytes(size_t(count * pixels * pixels), 300));
    for (int64_t i = 0; i < count; ++i) set.labels.push_back(int32_t(i % 3));
    set.class_names = {"0", "1", "2"};
    write_idx_folder(data_, set);
    write_state_dict();
  }

  /// As PyTorch writes it from a wrapped network, counters and all.
  void write_state_dict() const {
    std::vector<std::vector<float>> data;
    std::vector<TensorView> views;
    for (const json& entry : case_["state"]) {
      const auto shape = entry["shape"].get<std::vector<int64_t>>();
      data.push_back(hashed_weights(entry["name"], shape));
      views.push_back(
          {"module." + entry["name"].get<std::string>(), DType::f32, shape, std::as_bytes(std::span(data.back()))});
    }
    const int64_t batches = 7;
    views.push_back({"module.1.num_batches_tracked", DType::i64, {}, std::as_bytes(std::span(&batches, 1))});
    write_safetensors(weights_, views);
  }

  Outcome run(const std::string& arguments) const {
    return run_shell(std::string(CUCURBIT_PROGRAM) + " " + arguments + " 2>&1");
  }
  std::string pretrained() const {
    return " --pretrained-path " + weights_.string() + " --model " + case_["model"].get<std::string>();
  }

  const json case_ = json::parse(std::ifstream(CUCURBIT_SOURCE_DIR "/tests/values/models.json"))["prediction"];
  TemporaryFolder folder_;
  fs::path data_ = folder_ / "data", weights_ = folder_ / "torch.safetensors", npy_ = folder_ / "logits.npy";
};

TEST_F(PretrainedTest, PredictsWhatPytorchDoes) {
  const Outcome outcome = run("predict " + data_.string() + pretrained() + " --mean " + case_["mean"].dump() +
                              " --std " + case_["std"].dump() + " --logits " + npy_.string());
  ASSERT_EQ(outcome.code, 0) << outcome.text;
  const NpyArray logits = read_npy(npy_);
  const auto want = case_["logits"].get<std::vector<double>>();
  ASSERT_EQ(logits.data.size(), want.size() * sizeof(float));
  for (size_t i = 0; i < want.size(); ++i) {
    float got;
    std::memcpy(&got, logits.data.data() + i * sizeof(float), sizeof got);
    EXPECT_NEAR(got, want[i], 1e-4 * std::max(1.0, std::abs(want[i]))) << i;
  }
  EXPECT_EQ(run("eval --data-dir " + data_.string() + pretrained()).code, 0);
}

TEST_F(PretrainedTest, TrainingBeginsFromThem) {
  const std::string common =
      " --val-size 0 --batch-size 5 --epochs 1 -q --output " + (folder_ / "runs").string() + pretrained();
  const Outcome same = run("train " + data_.string() + common + " --lr 1e-9 --json");
  ASSERT_EQ(same.code, 0) << same.text;
  const std::string trained = json::parse(same.text)["weights"];
  const fs::path exported = folder_ / "exported.safetensors";
  ASSERT_EQ(run("export " + trained + " --format pytorch -o " + exported.string()).code, 0);
  const SafetensorsFile before = SafetensorsFile::read(weights_), after = SafetensorsFile::read(exported);
  for (const json& entry : case_["state"]) {
    const std::string name = entry["name"];
    if (name.find("running") != std::string::npos) continue;
    const TensorView &was = before.at("module." + name), &is = after.at(name);
    ASSERT_EQ(was.shape, is.shape) << name;
    for (size_t i = 0; i < was.data.size() / sizeof(float); ++i) {
      float a, b;
      std::memcpy(&a, was.data.data() + i * sizeof a, sizeof a);
      std::memcpy(&b, is.data.data() + i * sizeof b, sizeof b);
      ASSERT_NEAR(a, b, 1e-6) << name << " " << i;
    }
  }
}

TEST_F(PretrainedTest, AnotherClassCountLeavesTheClassifier) {
  write_idx_folder(folder_ / "four", easy_images(40, 12, 4, 1));
  const std::string four = (folder_ / "four").string();
  const Outcome outcome = run("train " + four + " --val-size 0 --batch-size 20 --epochs 1 -q --output " +
                              (folder_ / "runs").string() + pretrained());
  EXPECT_EQ(outcome.code, 0) << outcome.text;
  EXPECT_NE(outcome.text.find("the classifier (12.weight, 12.bias) is for other classes"), std::string::npos)
      << outcome.text;
  const Outcome refused = run("eval " + four + pretrained());
  EXPECT_EQ(refused.code, 3);
  EXPECT_NE(refused.text.find("'12.weight'"), std::string::npos) << refused.text;
}

TEST_F(PretrainedTest, WrongUseIsRefused) {
  const auto expect = [&](const std::string& arguments, int code, const std::string& word) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, code) << arguments << "\n" << outcome.text;
    EXPECT_NE(outcome.text.find(word), std::string::npos) << arguments << "\n" << outcome.text;
  };
  const std::string data = data_.string(), weights = weights_.string();
  expect("predict", 2, "--pretrained-path");
  expect("predict " + data + " --pretrained-path " + weights, 2, "--model");
  expect("predict " + data + " --pretrained-path " + weights + " --model convnet:4x9", 3, "5.weight");
  expect("predict " + data + pretrained() + " --mean 0.1,0.2,0.3", 2, "--mean");
  expect("train " + data + " --val-size 0 --batch-size 5 --model vgg8 --drop-path 0.1", 2, "residual");
}

}  // namespace
}  // namespace cucurbit::test
