#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lab/finding.h"

/// `cucurbit lab check`: its options, its result, and how the result is printed.

namespace cucurbit::lab {

struct CheckOptions {
  int seeds = 4;        ///< orders of threads to try
  double seconds = 10;  ///< limit of a launch; a test's process may use 2 * seconds + 5 of processor time
  bool keep = false;    ///< whether to keep the folder of temporary files
};

/// One group of a test's runs, and its outcome.
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
  std::vector<Finding> compile;  ///< why the file does not compile; if not empty, there are no tests
  std::vector<TestResult> tests;
  std::filesystem::path folder;  ///< the folder of temporary files, if they are kept

  size_t finding_count() const;
};

/// Compiles a file of kernels and tests (lab/include/lab.h) and runs every test under every checker. Defects of the
/// file are findings in the result. Throws Error(io) if the file cannot be read.
CheckResult check_file(const std::filesystem::path& file, const CheckOptions& options);

/// The result for people to read: for each test and group of runs either "ok" or the findings, with the source lines.
std::string as_text(const CheckResult& result);
/// {"file", "findings": how many, "compile": [finding], "tests": [{"name", "line", "sections", "findings", "output"}]}
std::string as_json(const CheckResult& result);

}  // namespace cucurbit::lab
