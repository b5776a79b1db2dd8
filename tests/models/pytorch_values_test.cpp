// Every model against PyTorch on the same weights, loaded through the state dict: tests/values/README.md.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/io/state_dict.h"
#include "models/registry.h"
#include "support/hash.h"
#include "support/hashed_network.h"

namespace cucurbit {
namespace {

using nlohmann::json;

const json& values() {
  static const json all = json::parse(std::ifstream(CUCURBIT_SOURCE_DIR "/tests/values/models.json"));
  return all;
}

class PytorchValues : public testing::TestWithParam<size_t> {
 protected:
  const json& model() const { return values()["models"][GetParam()]; }
  double tolerance() const { return 1e-4 * model()["largest"].get<double>(); }

  void expect_logits(const Tensor& logits) const {
    const std::vector<float> got = logits.to_host<float>();
    const auto shown = values()["logits_shown"].get<size_t>();
    const auto expected = model()["logits"].get<std::vector<double>>();
    ASSERT_EQ(expected.size(), values()["rows"].get<size_t>() * std::min(shown, size_t(logits.dim(1))));
    double worst = 0;
    for (size_t i = 0; i < expected.size(); ++i) {
      const float value = got[i / shown * size_t(logits.dim(1)) + i % shown];
      ASSERT_TRUE(std::isfinite(value));
      worst = std::max(worst, std::abs(double(value) - expected[i]));
    }
    EXPECT_LE(worst, tolerance());
  }

  /// The norm of a tap and its product with a random vector, to 1e-4 of the norm.
  void expect_tap(const json& expected, const Tensor& tap) const {
    EXPECT_EQ(tap.shape().dims(), expected["shape"].get<std::vector<int64_t>>()) << expected["name"];
    const std::vector<float> got = tap.to_host<float>();
    double square = 0, probe = 0;
    for (size_t i = 0; i < got.size(); ++i) {
      square += double(got[i]) * got[i];
      probe += double(got[i]) * test::uniform(uint32_t(i), 200);
    }
    const auto norm = expected["norm"].get<double>();
    EXPECT_NEAR(std::sqrt(square), norm, 1e-4 * norm) << expected["name"];
    EXPECT_NEAR(probe, expected["probe"].get<double>(), 1e-4 * norm) << expected["name"];
  }
};

TEST_P(PytorchValues, LogitsAndTaps) {
  const Shape image(model()["image"].get<std::vector<int64_t>>());
  const auto classes = model()["classes"].get<int64_t>();
  const std::string name = model()["model"];
  Network network(name, build_model(name, {.image = image, .classes = classes}), image, classes, DType::f32, 0);
  EXPECT_EQ(network.parameter_count(), model()["parameters"].get<int64_t>());
  EXPECT_EQ(state_dict_entries(network).size(), model()["tensors"].get<size_t>());
  test::load_hashed_weights(network);
  const Shape batch{values()["rows"].get<int64_t>(), image[0], image[1], image[2]};
  const Tensor images = Tensor::from_host(test::hashed(size_t(batch.size()), 100), batch);
  expect_logits(network.forward(images));

  std::map<std::string, Shape> offered;
  std::vector<std::string> names;
  for (const Tap& tap : network.taps()) {
    EXPECT_TRUE(offered.emplace(tap.name, tap.shape).second) << tap.name << " is offered twice";
    names.push_back(tap.name);
  }
  EXPECT_EQ(offered.size(), model()["taps"].size());
  Features features = network.features(names);
  expect_logits(network.forward(images, {.features = &features}));
  for (const json& expected : model()["taps"]) {
    ASSERT_TRUE(offered.contains(expected["name"])) << expected["name"];
    const Tensor& tap = features.at(expected["name"].get<std::string>());
    std::vector<int64_t> one = tap.shape().dims();
    one[0] = 1;
    EXPECT_EQ(offered[expected["name"]].dims(), one) << expected["name"];
    expect_tap(expected, tap);
  }
}

std::string readable(const testing::TestParamInfo<size_t>& info) {
  std::string name = values()["models"][info.param]["model"];
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Models, PytorchValues, testing::Range(size_t(0), values()["models"].size()), readable);

TEST(PytorchValues, CoverTheRegistry) {
  std::vector<std::string> covered, registered;
  for (const json& model : values()["models"]) covered.push_back(model["model"]);
  for (const ModelFamily& family : model_families()) registered.push_back(family.example);
  std::sort(covered.begin(), covered.end());
  std::sort(registered.begin(), registered.end());
  EXPECT_EQ(covered, registered);
}

}  // namespace
}  // namespace cucurbit
