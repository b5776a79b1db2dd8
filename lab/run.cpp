#include "lab/run.h"

#include <string.h>

#include <algorithm>
#include <cmath>
#include <regex>

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

/// Several orders also for the races: a race shows in the order in which both sides are reached.
constexpr int kRaceSeeds = 2;

std::vector<Group> plan(const CheckOptions& options) {
  std::vector<Group> groups{{"threads", {}}, {"apart", {}}, {"races", {}}, {"memory", {}}};
  for (int seed = 0; seed < options.seeds; ++seed) {
    const std::string number = std::to_string(seed), variable = "SOFTGPU_SEED=" + number;
    groups[0].runs.push_back({Variant::plain, "order " + number, {variable}});
    groups[1].runs.push_back({Variant::plain, "apart, order " + number, {variable, "SOFTGPU_STRICT=1"}});
    if (seed < kRaceSeeds) groups[2].runs.push_back({Variant::race, "races, order " + number, {variable}});
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
  // A launch that does not end is stopped by softgpu, which knows where it is; host code that does not end, by us.
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

/// Where in the file a test crashes that crashes in host code: a run with AddressSanitizer's stack trace tells. 0 if
/// that run does not crash there.
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

/// What follows from how the process ended. Nothing when a checker has said why.
void judge_end(const RunContext& context, const TestResult& test, const Result& result,
               std::vector<Finding>& findings) {
  const bool explained = std::any_of(findings.begin(), findings.end(), is_verdict);
  const auto add = [&](const char* kind, const std::string& message, const char* hint, int line = 0) {
    const Party party{line != 0 ? "here" : "test", context.file.string(), line != 0 ? line : test.line, "", {}, {}};
    findings.push_back({"test", kind, message, "", hint, {party}, {}});
  };
  switch (result.outcome.end) {
    case End::too_slow:
      return add("time-limit", "the test did not end and was stopped", "an exit from a loop");
    case End::too_large:
      return add("out-of-memory",
                 "the test used more than " + std::to_string(kHostBytes >> 20) + " MiB of host memory and was stopped",
                 "");
    case End::signalled:
      if (!explained)
        add("crash", std::string("the test crashed: ") + strsignal(result.outcome.code),
            "a check for null, or a copy of what lies in device memory", crash_line(context, test));
      return;
    case End::exited:
      if (result.report.finished || !result.report.findings.empty()) return;
      const std::string& errors = result.errors;
      const std::string last_words = errors.substr(errors.size() - std::min<size_t>(errors.size(), 400));
      add("exit",
          "the test left with exit code " + std::to_string(result.outcome.code) + " before its end" +
              (last_words.empty() ? "" : ": " + last_words),
          "");
  }
}

std::vector<Finding> judge(const RunContext& context, const TestResult& test, const Run& run, const Result& result) {
  std::vector<Finding> findings = result.report.findings;
  judge_end(context, test, result, findings);
  // After a kernel that went wrong all calls fail, those that free memory too: no news to whoever knows of the kernel.
  const auto follows = [](const Finding& f) { return f.kind == "unchecked-error" || f.kind == "cuda-error"; };
  const bool failed = std::any_of(findings.begin(), findings.end(), follows);
  if (std::any_of(findings.begin(), findings.end(), [](const Finding& f) { return f.checker != "test"; }))
    std::erase_if(findings, [&](const Finding& f) { return follows(f) || (failed && f.kind == "leak"); });
  for (Finding& finding : findings) finding.seen = {run.label};
  return findings;
}

/// A wrong result that only some lane orders bring about is a finding of another kind.
void mark_order_dependent(std::vector<Finding>& findings, const std::vector<std::string>& runs) {
  for (Finding& finding : findings) {
    if (finding.kind != "wrong-result" || finding.seen.size() == runs.size()) continue;
    std::string wrong;
    for (const std::string& label : finding.seen) wrong += (wrong.empty() ? "" : ", ") + label;
    finding.checker = "order";
    finding.kind = "order-dependent";
    finding.message = "the result depends on an order that nothing fixes: wrong under " + wrong + " of " +
                      std::to_string(runs.size()) + " runs: " + finding.message;
    finding.hint = "a barrier, an atomic operation, or an event between streams";
  }
}

/// A wrong result where another group of runs has shown that it depends on an order: the same finding.
void join_order_dependent(Finding& finding, const std::vector<Finding>& known) {
  if (finding.kind != "wrong-result") return;
  for (const Finding& other : known) {
    if (other.kind != "order-dependent" || !same_places(other, finding)) continue;
    finding.checker = other.checker;
    finding.kind = other.kind;
  }
}

/// Claims of expect_deterministic that two runs contradict.
void compare_contents(std::vector<Finding>& findings, const std::vector<ProcessReport>& reports,
                      const std::vector<std::string>& runs) {
  for (size_t run = 1; run < reports.size(); ++run) {
    const size_t shared = std::min(reports[run].contents.size(), reports[0].contents.size());
    for (size_t i = 0; i < shared; ++i) {
      const Contents &first = reports[0].contents[i], &other = reports[run].contents[i];
      if (first.hash == other.hash) continue;
      add_finding(findings, {"order",
                             "order-dependent",
                             "the contents depend on an order that nothing fixes: they differ between " + runs[0] +
                                 " and " + runs[run],
                             "",
                             "sums of floats in a fixed order, a barrier, or integer atomics",
                             {{"expected to be deterministic", other.file, other.line, "", {}, {}}},
                             {}});
    }
  }
}

/// Debug information knows full names: the file's own reads as it was given.
void name_file(Finding& finding, const fs::path& file) {
  for (Party& party : finding.parties)
    if (is_file(party.file, file)) party.file = file.string();
}

/// A deduced template is launched through a function of ours, numbered by the launch; its name may be too much for the
/// demangler.
void name_kernel(Finding& finding, const std::vector<std::string>& launches) {
  static const std::regex called(R"(CalledKernel(?:<|ILi)(\d+))");
  std::smatch match;
  if (!std::regex_search(finding.kernel, match, called)) return;
  const size_t launch = std::stoul(match[1]);
  if (launch < launches.size()) finding.kernel = launches[launch];
}

bool never_ends(const Finding& finding) { return finding.kind == "time-limit"; }

/// The findings of a group. What ends badly in one order is not run in the others.
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
  // What a checker knows explains wrong results: first.
  std::stable_partition(test.findings.begin(), test.findings.end(),
                        [](const Finding& f) { return f.checker != "test" && f.checker != "order"; });
}

}  // namespace cucurbit::lab
