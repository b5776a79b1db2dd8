#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lab/finding.h"

namespace cucurbit::lab {

struct CheckOptions {
  int seeds = 4;        ///< lane orders to try
  double seconds = 10;  ///< for a launch; a test's process has twice that and 5 more of processor time
  bool keep = false;    ///< leave the folder of temporary files
};

/// A group of a test's runs, and what became of it.
struct Section {
  std::string name;     ///< "threads", "apart", "races", "memory"
  std::string outcome;  ///< "ok", "found", or why it was not run
};

struct TestResult {
  std::string name;
  int line = 0;
  std::vector<Section> sections;
  std::vector<Finding> findings;
  std::string output;  ///< what the test printed
};

struct CheckResult {
  std::string file;
  std::vector<Finding> compile;  ///< why it does not compile; no tests then
  std::vector<TestResult> tests;
  std::filesystem::path folder;  ///< of temporary files, where they are kept

  size_t finding_count() const;
};

/// Compiles a file of kernels and tests (lab/include/lab.h) and runs every test under every checker. What is wrong with
/// the file is in the result; throws Error(io) if the file cannot be read.
CheckResult check_file(const std::filesystem::path& file, const CheckOptions& options);

/// For people: per test and checker ok, or what was found, with the lines of the source.
std::string as_text(const CheckResult& result);
/// {"file", "findings": how many, "compile": [finding], "tests": [{"name", "line", "sections", "findings", "output"}]}
std::string as_json(const CheckResult& result);

}  // namespace cucurbit::lab
