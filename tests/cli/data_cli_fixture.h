#pragma once

// The program, and an image folder for it.

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "support/image_bytes.h"
#include "support/run_program.h"
#include "support/temporary_folder.h"

namespace cucurbit::test {

namespace fs = std::filesystem;

class DataCliTest : public ::testing::Test {
 protected:
  DataCliTest() {
    for (const char* split : {"train", "test"})
      for (int i = 0; i < 24; ++i)
        add(std::string(split) + (i % 2 ? "/cat/" : "/dog/") + std::to_string(i) + ".png", i);
  }

  void add(const std::string& path, int seed, int height = 16, int width = 20) {
    fs::create_directories((set_ / path).parent_path());
    write_bytes(set_ / path, png_picture(height, width, seed + (path.starts_with("test") ? 100 : 0)));
  }

  /// Runs the program with a data folder and a cache of its own.
  Outcome run(const std::string& arguments, bool with_errors = true) {
    return run_shell("CUCURBIT_DATA_DIR=" + (folder_ / "sets").string() +
                     " XDG_CACHE_HOME=" + (folder_ / "cache").string() + " " + CUCURBIT_PROGRAM + " " + arguments +
                     (with_errors ? " 2>&1" : " 2>/dev/null"));
  }

  nlohmann::json inspect(const std::string& arguments) {
    const Outcome outcome = run("inspect " + arguments + " --json", false);
    EXPECT_EQ(outcome.code, 0) << outcome.text;
    return nlohmann::json::parse(outcome.text);
  }

  void expect_refused(const std::string& arguments, int code, std::initializer_list<const char*> words) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, code) << arguments << "\n" << outcome.text;
    for (const char* word : words)
      EXPECT_NE(outcome.text.find(word), std::string::npos) << "without " << word << ": " << outcome.text;
  }

  std::string trained(const std::string& more = "") {
    const Outcome outcome =
        run("train " + set_.string() + " --model mlp:8 --epochs 1 --batch-size 8 -q --json --output " +
                (folder_ / "runs").string() + more,
            false);
    EXPECT_EQ(outcome.code, 0) << outcome.text;
    return nlohmann::json::parse(outcome.text)["weights"];
  }

  TemporaryFolder folder_;
  fs::path set_ = folder_ / "set";
};

}  // namespace cucurbit::test
