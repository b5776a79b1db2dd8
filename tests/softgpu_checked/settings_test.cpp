// Tests of SOFTGPU_CHECK.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <string>

namespace {

struct Outcome {
  int status;
  std::string text;
};

/// Runs the tests of this program that match the filter, with SOFTGPU_CHECK set.
Outcome run_with(const std::string& setting, const std::string& filter) {
  const std::string command = "SOFTGPU_CHECK='" + setting + "' /proc/" + std::to_string(::getpid()) +
                              "/exe --gtest_brief=1 --gtest_filter='" + filter + "' 2>&1";
  std::FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {-1, ""};
  Outcome outcome{0, ""};
  std::array<char, 4096> part;
  while (const size_t got = std::fread(part.data(), 1, part.size(), pipe)) outcome.text.append(part.data(), got);
  outcome.status = WEXITSTATUS(pclose(pipe));
  return outcome;
}

TEST(CheckSettings, AnUnknownWordEndsTheProgram) {
  for (const std::string setting : {"races", "race,", "race,,init", "race init", ","}) {
    const Outcome outcome = run_with(setting, "None");
    EXPECT_EQ(outcome.status, 2) << setting;
    EXPECT_NE(outcome.text.find("SOFTGPU_CHECK"), std::string::npos) << outcome.text;
    EXPECT_EQ(outcome.text.find('\n'), outcome.text.size() - 1) << "more than one line: " << outcome.text;
  }
}

TEST(CheckSettings, OneOfTheTwoCheckers) {
  EXPECT_EQ(run_with("race", "RaceModel.*:FenceModel.*").status, 0);
  EXPECT_EQ(run_with("init", "InitModel.*").status, 0);
  EXPECT_EQ(run_with("race,init", "InitModel.*:RaceModel.*").status, 0);
  EXPECT_NE(run_with("race", "InitModel.AllocationsAreUndefined").status, 0);
  EXPECT_NE(run_with("init", "RaceModel.WritersRaceWithEachOther").status, 0);
}

}  // namespace
