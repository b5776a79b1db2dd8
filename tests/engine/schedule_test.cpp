// Learning-rate tables: PyTorch's values, warm-up, and invalid schedules.
#include "engine/optim/schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "kernels/error.h"
#include "support/expect_error.h"

namespace cucurbit {
namespace {

using Kind = Schedule::Kind;

Schedule from_values(const nlohmann::json& values) {
  const std::string name = values["schedule"];
  if (name == "one-cycle")
    return {.kind = Kind::one_cycle,
            .peak = values["max_lr"],
            .milestones = {},
            .rise = values["pct_start"],
            .start_divisor = values["div_factor"],
            .final_divisor = values["final_div_factor"]};
  if (name == "cosine") return {.kind = Kind::cosine, .peak = 1, .milestones = {}, .final_rate = values["eta_min"]};
  if (name == "step")
    return {.kind = Kind::step, .peak = 1, .gamma = values["gamma"], .period = values["step_size"], .milestones = {}};
  ADD_FAILURE() << "unknown schedule " << name;
  return {};
}

void expect_rates(const std::vector<float>& got, const std::vector<double>& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-7 * expected[i] + 1e-12) << "step " << i;
}

TEST(Schedule, MatchesPyTorch) {
  std::ifstream file(CUCURBIT_SOURCE_DIR "/tests/values/schedules.json");
  const nlohmann::json values = nlohmann::json::parse(file);
  for (const auto& one : values["cases"]) {
    SCOPED_TRACE(one["schedule"].get<std::string>());
    const std::vector<double> expected = one["rates"];
    expect_rates(learning_rates(from_values(one), int64_t(expected.size())), expected);
  }
}

TEST(Schedule, ConstantAndMultistep) {
  EXPECT_EQ(learning_rates({.kind = Kind::constant, .peak = 0.5, .milestones = {}}, 3),
            (std::vector<float>{0.5f, 0.5f, 0.5f}));
  expect_rates(learning_rates({.kind = Kind::multistep, .peak = 8, .gamma = 0.5, .milestones = {2, 4, 4}}, 6),
               {8, 8, 4, 4, 1, 1});
}

TEST(Schedule, WarmUpGoesBeforeAndShortensTheRest) {
  const Schedule plain{.kind = Kind::cosine, .peak = 2, .milestones = {}, .final_rate = 0.5};
  Schedule warm = plain;
  warm.warmup_steps = 4;
  warm.warmup_start = 0.25;
  const std::vector<float> rest = learning_rates(plain, 6), rates = learning_rates(warm, 10);
  expect_rates({rates.begin(), rates.begin() + 4}, {0.5, 0.875, 1.25, 1.625});
  EXPECT_EQ(std::vector<float>(rates.begin() + 4, rates.end()), rest);
  EXPECT_EQ(rates[4], 2.f);
}

TEST(Schedule, OneCycleReachesItsEndsWhateverTheLength) {
  for (double rise : {0.0, 0.3, 0.5, 1.0})
    for (int64_t steps : {1, 2, 3, 10, 1000}) {
      const auto rates = learning_rates({.kind = Kind::one_cycle, .peak = 1, .milestones = {}, .rise = rise}, steps);
      for (float rate : rates) EXPECT_TRUE(rate > 0 && rate <= 1) << rise << ", " << steps;
    }
  const auto rates = learning_rates({.kind = Kind::one_cycle, .peak = 1, .milestones = {}, .rise = 0.5}, 100);
  EXPECT_FLOAT_EQ(rates.front(), 1 / 25.f);
  EXPECT_FLOAT_EQ(rates[49], 1);
  EXPECT_FLOAT_EQ(rates.back(), 1 / 25.f / 1e4f);
}

TEST(Schedule, NoStepsGiveAnEmptyTable) { EXPECT_TRUE(learning_rates({}, 0).empty()); }

TEST(Schedule, RefusesWhatMakesNoSense) {
  const std::vector<std::pair<const char*, Schedule>> bad = {
      {"learning rate -1", {.peak = -1, .milestones = {}}},
      {"learning rate nan", {.peak = NAN, .milestones = {}}},
      {"period of 0 steps", {.kind = Kind::step, .milestones = {}}},
      {"2 milestones out of order", {.kind = Kind::multistep, .milestones = {5, 2}}},
      {"rise 1.5", {.kind = Kind::one_cycle, .milestones = {}, .rise = 1.5}},
      {"divisors 0 and", {.kind = Kind::one_cycle, .milestones = {}, .start_divisor = 0}},
      {"final rate -1", {.kind = Kind::cosine, .milestones = {}, .final_rate = -1}},
      {"warm-up of 11 steps in a training of 10", {.milestones = {}, .warmup_steps = 11}}};
  for (const auto& [words, schedule] : bad)
    test::expect_error(ErrorKind::usage, {"[schedule]", words}, [&] { learning_rates(schedule, 10); });
}

}  // namespace
}  // namespace cucurbit
