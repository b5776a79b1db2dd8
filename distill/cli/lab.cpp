#include <fmt/format.h>

#include <memory>

#include "distill/cli/commands.h"
#include "kernels/error.h"
#if CUCURBIT_HAS_LAB
#include "lab/check.h"
#endif

namespace cucurbit::cli {

namespace {
struct Flags {
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

void check(const Flags& flags) {
  const lab::CheckResult result = lab::check_file(flags.file, {flags.seeds, flags.seconds, flags.keep});
  fmt::print("{}", flags.json ? lab::as_json(result) + "\n" : lab::as_text(result));
  size_t bad = 0;
  for (const lab::TestResult& test : result.tests) bad += !test.findings.empty();
  if (result.tests.empty())
    throw Error(ErrorKind::input, fmt::format("[lab] {} has nothing that can be run", flags.file));
  if (bad != 0)
    throw Error(ErrorKind::input,
                fmt::format("[lab] {}: {} in {} of {}", flags.file, counted(result.finding_count(), "finding"), bad,
                            counted(result.tests.size(), "test")));
  if (!flags.json) fmt::print("{}: no findings in {}\n", flags.file, counted(result.tests.size(), "test"));
}
#else
void check(const Flags&) {
  throw Error(ErrorKind::usage, "[lab] this program was built without the lab, which the CPU build has: preset `cpu`");
}
#endif
}  // namespace

void add_lab(CLI::App& program) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command = program.add_subcommand("lab", "Find what is wrong with CUDA kernels, without a GPU");
  command->require_subcommand(1);
  CLI::App* checks = command->add_subcommand("check", "Run the tests of a file of kernels under every checker");
  checks->add_option("file", flags->file, "a .cu file in the form that docs/lab/README.md tells")->required();
  checks->add_option("--seeds", flags->seeds, "orders of threads to try")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  checks->add_option("--time-limit", flags->seconds, "seconds that a launch may take")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  checks->add_flag("--json", flags->json, "print as JSON");
  checks->add_flag("--keep", flags->keep, "keep the folder of temporary files");
  checks->callback([flags] { check(*flags); });
}

}  // namespace cucurbit::cli
