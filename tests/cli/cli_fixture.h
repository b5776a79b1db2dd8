#pragma once

// The program, and a folder with small data for it.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "support/run_program.h"
#include "support/small_data.h"
#include "support/temporary_folder.h"

namespace cucurbit::test {

namespace fs = std::filesystem;

/// Runs the program; the text is stdout, or both where asked for.
inline Outcome run(const std::string& arguments, bool with_errors = true) {
  return run_shell(std::string(CUCURBIT_PROGRAM) + " " + arguments + (with_errors ? " 2>&1" : " 2>/dev/null"));
}

class CliTest : public ::testing::Test {
 protected:
  CliTest() {
    write_idx_folder(folder_ / "data", easy_images(600, 16, 4, 1));
    data_ = (folder_ / "data").string();
    common_ = " --val-size 100 --output " + (folder_ / "runs").string();
  }

  /// Trains a small network and returns its weights file.
  std::string trained(const std::string& model = "mlp:32", const std::string& more = "") {
    const Outcome outcome = run("train " + data_ + " --model " + model + " --epochs 2 --json" + common_ + more, false);
    EXPECT_EQ(outcome.code, 0) << outcome.text;
    return nlohmann::json::parse(outcome.text)["weights"];
  }

  /// Interrupts `arguments`, which write to the folder `output`, as soon as an epoch of theirs is done.
  static Outcome interrupt(const std::string& arguments, const std::string& output) {
    return run_shell(std::string(CUCURBIT_PROGRAM) + " " + arguments + " 2>&1 & while kill -0 $! && ! ls " + output +
                     "/*/*/metrics.csv >/dev/null 2>&1; do sleep 0.05; done; kill -INT $!; wait $!");
  }

  /// Expects this exit code and that the message names `word`.
  void expect_refused(const std::string& arguments, int code, const std::string& word) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, code) << arguments << "\n" << outcome.text;
    EXPECT_NE(outcome.text.find(word), std::string::npos) << arguments << "\n" << outcome.text;
  }

  TemporaryFolder folder_;
  std::string data_, common_;
};

}  // namespace cucurbit::test
