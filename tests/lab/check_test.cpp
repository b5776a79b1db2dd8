// `cucurbit lab check` as its users see it: correct files, defective files, and files that cannot be compiled or run.
#include "lab/check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "kernels/error.h"
#include "lab/build.h"
#include "support/run_program.h"
#include "support/temporary_folder.h"

namespace cucurbit::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path kFiles = CUCURBIT_SOURCE_DIR "/tests/lab/files";
const fs::path kExamples = CUCURBIT_SOURCE_DIR "/docs/lab";

Outcome run(const std::string& arguments) { return run_shell(std::string(CUCURBIT_PROGRAM) + " lab " + arguments); }

json check(const fs::path& file, int code, const std::string& options = "") {
  const Outcome outcome = run("check --json " + options + " " + file.string());
  EXPECT_EQ(outcome.code, code) << outcome.text;
  return json::parse(outcome.text);
}

json findings_of(const json& result, const std::string& test) {
  for (const json& one : result["tests"])
    if (one["name"] == test) return one["findings"];
  ADD_FAILURE() << "no test " << test;
  return json::array();
}

/// Whether there is a finding of this checker and kind that has a party at that line of the file.
bool found(const json& findings, const std::string& checker, const std::string& kind, const fs::path& file, int line) {
  return std::any_of(findings.begin(), findings.end(), [&](const json& finding) {
    const json& parties = finding["parties"];
    return finding["checker"] == checker && finding["kind"] == kind &&
           std::any_of(parties.begin(), parties.end(),
                       [&](const json& party) { return party["file"] == file.string() && party["line"] == line; });
  });
}

/// The number of the first line of a file that contains `text`.
int line_of(const fs::path& file, const std::string& text) {
  const std::string all = read_bytes(file);
  const size_t at = all.find(text);
  EXPECT_NE(at, std::string::npos) << text;
  return 1 + int(std::count(all.begin(), all.begin() + std::ptrdiff_t(std::min(at, all.size())), '\n'));
}

TEST(LabCheck, FindsNothingInCorrectCode) {
  const json result = check(kFiles / "forms.cu", 0);
  EXPECT_EQ(result["tests"].size(), 5u);
  for (const json& test : result["tests"]) {
    EXPECT_TRUE(test["findings"].empty()) << test.dump(2);
    for (const auto& [section, outcome] : test["sections"].items()) EXPECT_EQ(outcome, "ok") << section;
    EXPECT_EQ(test["sections"].size(), 4u);
  }
}

TEST(LabCheck, ReportsHowTestsEndAndRunsTheRest) {
  const fs::path file = kFiles / "bad_ends.cu";
  const json result = check(file, 3, "--time-limit 3 --seeds 3");
  const auto expect = [&](const char* test, const char* checker, const char* kind, const char* line) {
    const json findings = findings_of(result, test);
    EXPECT_TRUE(found(findings, checker, kind, file, line_of(file, line))) << test << findings.dump(2);
  };
  expect("endless_kernel", "memcheck", "time-limit", "while (*flag == 0)");
  expect("endless_host", "test", "time-limit", "LAB_TEST(endless_host)");
  expect("null_kernel", "memcheck", "illegal-address", "*out = 1;");
  expect("null_host", "test", "crash", "*nowhere = 1;");
  expect("host_memory", "test", "out-of-memory", "LAB_TEST(host_memory)");
  expect("device_memory", "test", "out-of-memory", "lab::Array<char> data(size_t(1) << 40);");
  expect("leaves", "test", "exit", "LAB_TEST(leaves)");
  expect("throws", "test", "exception", "LAB_TEST(throws)");
  expect("depends_on_order", "order", "order-dependent", "lab::expect_deterministic(out);");
  EXPECT_TRUE(findings_of(result, "right").empty()) << findings_of(result, "right").dump(2);
  expect("deduced", "memcheck", "illegal-address", "*out = value;");
  EXPECT_EQ(findings_of(result, "deduced")[0]["kernel"], "store_value");
  EXPECT_EQ(result["tests"][6]["output"], "on its way out\n");
}

TEST(LabCheck, NamesLinesThatDoNotCompile) {
  const fs::path file = kFiles / "does_not_compile.cu";
  const json findings = check(file, 3)["compile"];
  EXPECT_TRUE(found(findings, "compile", "does-not-compile", file, line_of(file, "missing"))) << findings.dump(2);
  EXPECT_TRUE(found(findings, "compile", "does-not-compile", file, line_of(file, "(other, 1)"))) << findings.dump(2);
  EXPECT_FALSE(found(findings, "compile", "does-not-compile", file, line_of(file, "(out, 1)"))) << findings.dump(2);
}

TEST(LabCheck, RefusesFilesThatItCannotRead) {
  const TemporaryFolder folder;
  EXPECT_EQ(run("check " + (folder / "none.cu").string() + " 2>/dev/null").code, 6);
  EXPECT_EQ(run("check " + folder.path().string() + " 2>/dev/null").code, 6);
  EXPECT_EQ(run("check 2>/dev/null").code, 2);
  EXPECT_EQ(run("2>/dev/null").code, 2);
  EXPECT_EQ(run("check --seeds 0 " + (kFiles / "forms.cu").string() + " 2>/dev/null").code, 2);
}

TEST(LabCheck, ReportsFilesWithoutTests) {
  const TemporaryFolder folder;
  write_bytes(folder / "empty.cu", "#include <lab.h>\n");
  EXPECT_EQ(check(folder / "empty.cu", 3)["compile"][0]["kind"], "no-tests");
  write_bytes(folder / "main.cu", "#include <cstdio>\nint main() { std::puts(\"not a test\\tnor its line\"); }\n");
  EXPECT_EQ(check(folder / "main.cu", 3)["compile"][0]["kind"], "no-tests");
  const fs::path undefined = folder / "undefined.cu";
  write_bytes(undefined, "#include <lab.h>\nvoid f();\nLAB_TEST(t) { f(); }\n");
  EXPECT_TRUE(found(check(undefined, 3)["compile"], "compile", "does-not-compile", undefined, 3));
}

TEST(LabCheck, LeavesNoFilesUnlessAsked) {
  const TemporaryFolder folder;
  write_bytes(folder / "one.cu", "#include <lab.h>\nLAB_TEST(t) { lab::expect(true); }\n");
  const std::string command = "check --seeds 1 " + (folder / "one.cu").string();
  fs::create_directory(folder / "temporary");
  setenv("TMPDIR", (folder / "temporary").c_str(), 1);
  const Outcome outcome = run(command);
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.text.find("no findings in 1 test\n"), std::string::npos) << outcome.text;
  EXPECT_TRUE(fs::is_empty(folder / "temporary"));
  EXPECT_NE(run(command + " --keep").text.find("temporary files: " + (folder / "temporary").string()),
            std::string::npos);
  EXPECT_FALSE(fs::is_empty(folder / "temporary"));
  unsetenv("TMPDIR");
}

TEST(LabCheck, PrintsLinesOfTheSource) {
  const Outcome outcome = run("check " + (kExamples / "reverse.cu").string() + " 2>&1");
  EXPECT_EQ(outcome.code, 3);
  for (const char* part : {"racecheck, race-shared, in reverse\n", "by thread (", "of block (0,0,0)",
                           "data[i] = tile[255 - i];", "likely fix: insert __syncthreads() between the two"})
    EXPECT_NE(outcome.text.find(part), std::string::npos) << part << "\n" << outcome.text;
}

struct Example {
  const char *file, *checker, *kind, *line;
};

class LabExample : public ::testing::TestWithParam<Example> {};

TEST_P(LabExample, IsFoundAndItsMendedTwinIsClean) {
  const auto& [name, checker, kind, line] = GetParam();
  const fs::path file = kExamples / name;
  const json result = check(file, 3);
  ASSERT_EQ(result["tests"].size(), 2u);
  EXPECT_TRUE(found(result["tests"][0]["findings"], checker, kind, file, line_of(file, line))) << result.dump(2);
  EXPECT_TRUE(result["tests"][1]["findings"].empty()) << result.dump(2);
}

INSTANTIATE_TEST_SUITE_P(
    Docs, LabExample,
    ::testing::Values(Example{"reverse.cu", "racecheck", "race-shared", "data[i] = tile[255 - i];"},
                      Example{"reduction.cu", "racecheck", "race-shared", "warps[threadIdx.x / 32] = value;"},
                      Example{"histogram.cu", "racecheck", "race-shared", "bins[data[i]]++;"},
                      Example{"transpose.cu", "memcheck", "out-of-bounds", "tile[threadIdx.y][threadIdx.x] = in["},
                      Example{"last_block.cu", "racecheck", "race-between-blocks", "all += partial[block];"}),
    [](const auto& info) { return fs::path(info.param.file).stem().string(); });

TEST(CompileFindings, NameTheLineThatInstantiatedATemplate) {
  const std::string messages =
      "/include/launch.h: In instantiation of 'void f() [with T = int]':\n"
      "own.cu:12:8:   required from here\n"
      "/include/launch.h:70:3: error: static assertion failed: too few\n"
      "own.cu:20:1: error: expected ';'\n";
  const std::vector<lab::Finding> findings = lab::compile_findings(messages, "own.cu");
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].parties[0].line, 12);
  EXPECT_EQ(findings[0].parties[0].file, "own.cu");
  EXPECT_EQ(findings[1].parties[0].line, 20);
}

}  // namespace
}  // namespace cucurbit::test
