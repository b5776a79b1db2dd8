#include "lab/run.h"

#include <string.h>

#include <algorithm>
#include <cmath>
#include <regex>

/// The runs of a test: which there are, what their outcomes mean, and how the findings of several runs are joined.

namespace cucurbit::lab {
namespace {

namespace fs = std::filesystem;

struct Run {
  Variant variant;
  std::string label;
  std::vector<std::string> variables;
};

struct Group {
  const char* name;
  std::vector<Run> runs;
};

/// Races are looked for in two orders, because a race shows only in an order in which both of its sides are executed.
constexpr int kRaceSeeds = 2;

std::vector<Group> plan(const CheckOptions& options) {
  std::vector<Group> groups{{"threads", {}}, {"apart", {}}, {"races", {}}, {"memory", {}}};
  for (int seed = 0; seed < options.seeds; ++seed) {
    const std::string number = std::to_string(seed), variable = "SOFTGPU_SEED=" + number;
    groups[0].runs.push_back({Variant::plain, "order " + number, {variable}});
    groups[1].runs.push_back({Variant::plain, "apart order " + number, {variable, "SOFTGPU_STRICT=1"}});
    if (seed < kRaceSeeds) groups[2].runs.push_back({Variant::race, "races order " + number, {variable}});
  }
  groups[3].runs.push_back({Variant::memory, "memory", {"SOFTGPU_SEED=0", "SOFTGPU_LEAKS=1"}});
  return groups;
}

struct Result {
  Outcome outcome;
  ProcessReport report;
  std::string output, errors;
};

Result run_once(const RunContext& context, const TestResult& test, const Run& run) {
  std::string base = test.name + "-" + run.label;
  std::replace(base.begin(), base.end(), ' ', '_');
  const fs::path report = context.folder / (base + ".jsonl");
  // softgpu stops a launch that does not end and knows where it was; host code that does not end is stopped from here.
  Command command{{context.builds.at(run.variant).program.string(), test.name},
                  {"SOFTGPU_MODE=threads", "SOFTGPU_REPORT=" + report.string(), "SOFTGPU_MEMORY=1G",
                   "SOFTGPU_TIME_LIMIT=" + std::to_string(int(std::ceil(context.options.seconds))),
                   "SOFTGPU_NO_REEXEC=1", "OMP_WAIT_POLICY=passive", "SOFTGPU_HARNESS=" CUCURBIT_LAB_INCLUDE},
                  context.folder / (base + ".output"),
                  context.folder / (base + ".errors"),
                  2 * context.options.seconds + 5,
                  kHostBytes};
  command.variables.insert(command.variables.end(), run.variables.begin(), run.variables.end());
  const Outcome outcome = run_process(command);
  return {outcome, read_report(report), read_text(command.output), read_text(command.errors)};
}

/// The line of the file at which a test crashes in host code, from the stack trace of a run with AddressSanitizer; 0 if
/// that run does not crash in the file.
int crash_line(const RunContext& context, const TestResult& test) {
  const Run run{Variant::memory,
                "crash",
                {"ASAN_OPTIONS=handle_segv=1:handle_abort=1:handle_sigfpe=1:handle_sigbus=1:detect_leaks=0"}};
  const std::string messages = run_once(context, test, run).errors, name = context.file.filename().string() + ":";
  const size_t trace = messages.find("AddressSanitizer:");
  const size_t at = trace == std::string::npos ? trace : messages.find(name, trace);
  return at == std::string::npos ? 0 : std::atoi(messages.c_str() + at + name.size());
}

bool is_verdict(const Finding& finding) { return finding.checker != "test" || finding.kind == "wrong-result"; }

/// Adds the findings that follow from how the process ended, unless a checker has explained it already.
void judge_end(const RunContext& context, const TestResult& test, const Result& result,
               std::vector<Finding>& findings) {
  const bool explained = std::any_of(findings.begin(), findings.end(), is_verdict);
  const auto add = [&](const char* kind, const std::string& message, const char* hint, int line = 0) {
    const Party party{
        line != 0 ? "crashed here" : "test", context.file.string(), line != 0 ? line : test.line, "", {}, {}};
    findings.push_back({"test", kind, message, "", hint, {party}, {}});
  };
  switch (result.outcome.end) {
    case End::too_slow:
      return add("time-limit", "the test did not end and was stopped", "check the exit conditions of its loops");
    case End::too_large:
      return add("out-of-memory",
                 "the test used more than " + std::to_string(kHostBytes >> 20) + " MiB of host memory and was stopped",
                 "use smaller inputs");
    case End::signalled:
      if (!explained)
        add("crash", std::string("the test crashed: ") + strsignal(result.outcome.code),
            "check for null pointers, and copy device memory before the host reads it", crash_line(context, test));
      return;
    case End::exited:
      if (result.report.finished || !result.report.findings.empty()) return;
      const std::string& errors = result.errors;
      const std::string last_words = errors.substr(errors.size() - std::min<size_t>(errors.size(), 400));
      add("exit",
          "the test exited with code " + std::to_string(result.outcome.code) + " before its end" +
              (last_words.empty() ? "" : ": " + last_words),
          "");
  }
}

std::vector<Finding> judge(const RunContext& context, const TestResult& test, const Run& run, const Result& result) {
  std::vector<Finding> findings = result.report.findings;
  judge_end(context, test, result, findings);
  // After a kernel has failed, every later call fails as well, even cudaFree. Such failures and the leaks they cause
  // are dropped when a finding already explains them.
  const auto follows = [](const Finding& f) { return f.kind == "unchecked-error" || f.kind == "cuda-error"; };
  const bool failed = std::any_of(findings.begin(), findings.end(), follows);
  if (std::any_of(findings.begin(), findings.end(), [](const Finding& f) { return f.checker != "test"; }))
    std::erase_if(findings, [&](const Finding& f) { return follows(f) || (failed && f.kind == "leak"); });
  for (Finding& finding : findings) finding.seen = {run.label};
  return findings;
}

/// Turns a wrong result that occurs in some execution orders only into a finding of another kind.
void mark_order_dependent(std::vector<Finding>& findings, const std::vector<std::string>& runs) {
  for (Finding& finding : findings) {
    if (finding.kind != "wrong-result" || finding.seen.size() == runs.size()) continue;
    std::string wrong;
    for (const std::string& label : finding.seen) wrong += (wrong.empty() ? "" : ", ") + label;
    finding.checker = "order";
    finding.kind = "order-dependent";
    finding.message = "the result depends on the order of execution: it is wrong in " +
                      std::to_string(finding.seen.size()) + " of " + std::to_string(runs.size()) + " runs (" + wrong +
                      "): " + finding.message;
    finding.hint = "add a barrier, an atomic operation, or an event between streams";
  }
}

/// Joins a wrong result to the finding of another group of runs which showed that it depends on the order of execution.
void join_order_dependent(Finding& finding, const std::vector<Finding>& known) {
  if (finding.kind != "wrong-result") return;
  for (const Finding& other : known) {
    if (other.kind != "order-dependent" || !same_places(other, finding)) continue;
    finding.checker = other.checker;
    finding.kind = other.kind;
  }
}

/// Reports the uses of expect_deterministic for which two runs differ.
void compare_contents(std::vector<Finding>& findings, const std::vector<ProcessReport>& reports,
                      const std::vector<std::string>& runs) {
  for (size_t run = 1; run < reports.size(); ++run) {
    const size_t shared = std::min(reports[run].contents.size(), reports[0].contents.size());
    for (size_t i = 0; i < shared; ++i) {
      const Contents &first = reports[0].contents[i], &other = reports[run].contents[i];
      if (first.hash == other.hash) continue;
      add_finding(findings, {"order",
                             "order-dependent",
                             "the contents depend on the order of execution: they differ between " + runs[0] + " and " +
                                 runs[run],
                             "",
                             "add floats in a fixed order, insert a barrier, or use integer atomics",
                             {{"expected to be deterministic", other.file, other.line, "", {}, {}}},
                             {}});
    }
  }
}

/// Debug information has absolute paths; the checked file is shown under the name that the user gave.
void name_file(Finding& finding, const fs::path& file) {
  for (Party& party : finding.parties)
    if (is_file(party.file, file)) party.file = file.string();
}

/// A kernel template with deduced arguments is launched through a function of the lab (CalledKernel), which has the
/// number of the launch in its name. This replaces that name by the kernel as written. The regular expression also
/// accepts the mangled name, because the demangler gives up on some of these.
void name_kernel(Finding& finding, const std::vector<std::string>& launches) {
  static const std::regex called(R"(CalledKernel(?:<|ILi)(\d+))");
  std::smatch match;
  if (!std::regex_search(finding.kernel, match, called)) return;
  const size_t launch = std::stoul(match[1]);
  if (launch < launches.size()) finding.kernel = launches[launch];
}

bool never_ends(const Finding& finding) { return finding.kind == "time-limit"; }

/// Runs a group and returns its findings. After a run that crashes or does not end, the other orders are skipped.
std::vector<Finding> run_group(const RunContext& context, TestResult& test, const Group& group) {
  std::vector<Finding> findings;
  std::vector<ProcessReport> reports;
  std::vector<std::string> labels;
  for (const Run& run : group.runs) {
    const Result result = run_once(context, test, run);
    if (test.output.empty()) test.output = result.output;
    for (Finding& finding : judge(context, test, run, result)) {
      name_file(finding, context.file);
      name_kernel(finding, context.builds.at(run.variant).launches);
      add_finding(findings, std::move(finding));
    }
    reports.push_back(result.report);
    labels.push_back(run.label);
    if (result.outcome.end != End::exited || std::any_of(findings.begin(), findings.end(), never_ends)) break;
  }
  mark_order_dependent(findings, labels);
  compare_contents(findings, reports, labels);
  return findings;
}

}  // namespace

void run_test(const RunContext& context, TestResult& test) {
  for (const Group& group : plan(context.options)) {
    if (std::any_of(test.findings.begin(), test.findings.end(), never_ends)) {
      test.sections.push_back({group.name, "not run: the test does not end"});
      continue;
    }
    std::vector<Finding> findings = run_group(context, test, group);
    test.sections.push_back({group.name, findings.empty() ? "ok" : "found"});
    for (Finding& finding : findings) {
      join_order_dependent(finding, test.findings);
      add_finding(test.findings, std::move(finding));
    }
  }
  // The findings of checkers explain wrong results, so they come first.
  std::stable_partition(test.findings.begin(), test.findings.end(),
                        [](const Finding& f) { return f.checker != "test" && f.checker != "order"; });
}

}  // namespace cucurbit::lab
