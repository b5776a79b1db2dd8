#include "lab/check.h"

#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <future>
#include <iterator>
#include <map>
#include <sstream>
#include <thread>

#include "kernels/error.h"
#include "lab/build.h"
#include "lab/run.h"

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

/// Builds side by side: a compiler uses one core.
std::map<Variant, Build> build_all(const fs::path& file, const fs::path& folder) {
  std::map<Variant, std::future<Build>> pending;
  for (const Variant variant : kVariants)
    pending[variant] = std::async(std::launch::async, [=] { return build(file, variant, folder); });
  std::map<Variant, Build> builds;
  for (auto& [variant, result] : pending) builds[variant] = result.get();
  return builds;
}

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

std::vector<TestResult> list_tests(const fs::path& program, const fs::path& folder) {
  const Command command{{program.string(), "--list"}, {}, folder / "list", folder / "list.errors", 20, kHostBytes};
  const Outcome outcome = run_process(command);
  std::vector<TestResult> tests;
  if (outcome.end != End::exited || outcome.code != 0) return tests;
  std::ifstream list(command.output);
  for (std::string line; std::getline(list, line);) {
    const size_t tab = line.find('\t');
    if (tab != std::string::npos) tests.push_back({line.substr(0, tab), std::stoi(line.substr(tab + 1)), {}, {}, {}});
  }
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
    result.compile.push_back({"compile",
                              "no-tests",
                              "the file has no LAB_TEST",
                              "",
                              "a test gives inputs, launches, and says what must come out: see docs/lab/README.md",
                              {{"compiled", file.string(), 1, "", {}, {}}},
                              {}});
  const RunContext context{file, folder.path(), builds, options};
  in_parallel(result.tests.size(), [&](size_t i) { run_test(context, result.tests[i]); });
  return result;
}

}  // namespace cucurbit::lab
