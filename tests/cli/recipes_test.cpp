// Every recipe of recipes/ is accepted, with other data in place of its own, and listed in their README.
#include "cli/cli_fixture.h"

namespace cucurbit::test {
namespace {

const fs::path kRecipes = fs::path(CUCURBIT_SOURCE_DIR) / "recipes";

TEST_F(CliTest, RecipesRunAndAreListed) {
  const std::string list = read_bytes(kRecipes / "README.md");
  int found = 0;
  for (const auto& entry : fs::directory_iterator(kRecipes)) {
    if (entry.path().extension() != ".toml") continue;
    ++found;
    const std::string name = entry.path().filename().string();
    const Outcome outcome =
        run("train " + data_ + " --config " + entry.path().string() + " --img-size 32 --max-steps 1" + common_);
    EXPECT_EQ(outcome.code, 0) << name << "\n" << outcome.text;
    EXPECT_NE(list.find("(" + name + ")"), std::string::npos) << "recipes/README.md does not list " << name;
  }
  EXPECT_GE(found, 3);
}

}  // namespace
}  // namespace cucurbit::test
