#include <fmt/format.h>

#include <memory>

#include "cli/commands.h"
#include "kernels/error.h"
#if CUCURBIT_HAS_LAB
#include "lab/check.h"
#endif

namespace cucurbit::cli {

namespace {
struct LabArguments {
  std::string file;
  int seeds = 4;
  double seconds = 10;
  bool json = false;
  bool keep = false;
};

#if CUCURBIT_HAS_LAB
std::string counted(size_t count, const std::string& what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

void check(const LabArguments& arguments) {
  const lab::CheckResult result = lab::check_file(arguments.file, {arguments.seeds, arguments.seconds, arguments.keep});
  fmt::print("{}", arguments.json ? lab::as_json(result) + "\n" : lab::as_text(result));
  size_t bad = 0;
  for (const lab::TestResult& test : result.tests) bad += !test.findings.empty();
  if (result.tests.empty())
    throw Error(ErrorKind::input, fmt::format("[lab] {} has nothing that can be run", arguments.file));
  if (bad != 0)
    throw Error(ErrorKind::input,
                fmt::format("[lab] {}: {} in {} of {}", arguments.file, counted(result.finding_count(), "finding"), bad,
                            counted(result.tests.size(), "test")));
  if (!arguments.json) fmt::print("{}: no findings in {}\n", arguments.file, counted(result.tests.size(), "test"));
}
#else
void check(const LabArguments&) {
  throw Error(ErrorKind::usage, "[lab] this program was built without the lab, which the CPU build has: preset `cpu`");
}
#endif
}  // namespace

Call call_lab_check() {
  const auto arguments = std::make_shared<LabArguments>();
  return {{{.names = "file",
            .help = "A .cu file in the form that docs/lab/README.md describes",
            .value = &arguments->file,
            .required = true},
           {"--seeds", "Orders of threads to try", &arguments->seeds, Range{.low = 1, .high = 1000}},
           {"--time-limit", "Seconds that a launch may take", &arguments->seconds, Range{.low = 0.1, .high = 3600}},
           {"--json", "Print as JSON", &arguments->json},
           {"--keep", "Keep the folder of temporary files", &arguments->keep}},
          [arguments] { check(*arguments); }};
}

}  // namespace cucurbit::cli
