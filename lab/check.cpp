#include "lab/check.h"

#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <future>
#include <iterator>
#include <map>
#include <regex>
#include <thread>

#include "kernels/error.h"
#include "lab/build.h"
#include "lab/run.h"

/// The check of a file from start to end: builds, the list of tests, and the runs of each test.

namespace cucurbit::lab {
namespace {

namespace fs = std::filesystem;

class TemporaryFolder {
 public:
  explicit TemporaryFolder(bool keep) : keep_(keep) {
    std::string name = (fs::temp_directory_path() / "cucurbit-lab-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw Error(ErrorKind::io, "[lab] cannot create the folder " + name);
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!keep_) fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
  bool keep_;
};

/// Calls action(0) ... action(count - 1) on as many threads as there are cores.
template <class Action>
void in_parallel(size_t count, const Action& action) {
  std::atomic<size_t> next{0};
  std::vector<std::future<void>> workers;
  for (size_t i = 0; i < std::min<size_t>(count, std::max(1u, std::thread::hardware_concurrency())); ++i)
    workers.push_back(std::async(std::launch::async, [&] {
      for (size_t item = next++; item < count; item = next++) action(item);
    }));
  for (std::future<void>& worker : workers) worker.get();
}

/// Builds all variants in parallel, because a compiler uses only one core.
std::map<Variant, Build> build_all(const fs::path& file, const fs::path& folder) {
  std::map<Variant, Build> builds;
  for (const Variant variant : kVariants) builds[variant] = {};
  in_parallel(std::size(kVariants), [&](size_t i) { builds.at(kVariants[i]) = build(file, kVariants[i], folder); });
  return builds;
}

std::vector<TestResult> list_tests(const fs::path& program, const fs::path& folder) {
  const Command command{{program.string(), "--list"}, {}, folder / "list", folder / "list.errors", 20, kHostBytes};
  const Outcome outcome = run_process(command);
  std::vector<TestResult> tests;
  if (outcome.end != End::exited || outcome.code != 0) return tests;
  // Other lines are ignored: a main() of the file's own, or its static objects, may print anything.
  static const std::regex listed(R"((\w+)\t(\d{1,9}))");
  std::ifstream list(command.output);
  std::smatch match;
  for (std::string line; std::getline(list, line);)
    if (std::regex_match(line, match, listed)) tests.push_back({match[1], std::stoi(match[2]), {}, {}, {}});
  return tests;
}

}  // namespace

size_t CheckResult::finding_count() const {
  size_t count = compile.size();
  for (const TestResult& test : tests) count += test.findings.size();
  return count;
}

CheckResult check_file(const fs::path& file, const CheckOptions& options) {
  if (!fs::is_regular_file(file) || !std::ifstream(file))
    throw Error(ErrorKind::io, "[lab] " + file.string() + " cannot be read");
  const TemporaryFolder folder(options.keep);
  CheckResult result{file.string(), {}, {}, options.keep ? folder.path() : fs::path()};
  const std::map<Variant, Build> builds = build_all(file, folder.path());
  for (const auto& [variant, built] : builds)
    for (const Finding& finding : built.findings) add_finding(result.compile, finding);
  if (!result.compile.empty()) return result;

  result.tests = list_tests(builds.at(Variant::plain).program, folder.path());
  if (result.tests.empty())
    result.compile.push_back(
        {.checker = "compile",
         .kind = "no-tests",
         .message = "the file has no LAB_TEST, or its program ends before it lists its tests",
         .hint = "write a LAB_TEST that provides inputs, launches the kernels and checks the results: see "
                 "docs/lab/README.md",
         .parties = {{.what = "compiled", .file = file.string(), .line = 1}}});
  const RunContext context{file, folder.path(), builds, options};
  in_parallel(result.tests.size(), [&](size_t i) { run_test(context, result.tests[i]); });
  return result;
}

}  // namespace cucurbit::lab
