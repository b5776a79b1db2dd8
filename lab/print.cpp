#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "lab/check.h"

/// The result of a check as text and as JSON.

namespace cucurbit::lab {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Lines of source files, read once.
class Sources {
 public:
  std::string line(const std::string& file, int number) {
    auto [it, fresh] = files_.try_emplace(file);
    if (fresh) {
      std::ifstream stream(file);
      for (std::string text; std::getline(stream, text);) it->second.push_back(text);
    }
    if (number < 1 || size_t(number) > it->second.size()) return "";
    const std::string& text = it->second[size_t(number) - 1];
    const size_t first = text.find_first_not_of(" \t");
    return first == std::string::npos ? "" : text.substr(first);
  }

 private:
  std::map<std::string, std::vector<std::string>> files_;
};

std::string indices(const std::vector<unsigned>& values) {
  std::string text;
  for (const unsigned value : values) text += (text.empty() ? "(" : ",") + std::to_string(value);
  return text + ")";
}

void print(std::ostream& out, const Party& party, Sources& sources) {
  out << "    " << party.what;
  if (!party.thread.empty()) out << " by thread " << indices(party.thread) << " of block " << indices(party.block);
  out << "\n";
  if (party.file.empty()) {
    if (!party.function.empty()) out << "      in " << party.function << "\n";
    return;
  }
  out << "      " << party.file << ":" << party.line << "  " << sources.line(party.file, party.line) << "\n";
}

/// The name without return type and parameters: "void sum<int>(int*)" becomes "sum<int>".
std::string short_name(std::string kernel) {
  if (kernel.ends_with(')')) {
    size_t at = kernel.size();
    for (int depth = 0; at > 0;) {
      const char c = kernel[--at];
      depth += c == ')' ? 1 : c == '(' ? -1 : 0;
      if (depth == 0) break;
    }
    kernel.resize(at);
  }
  return kernel.starts_with("void ") ? kernel.substr(5) : kernel;
}

void print(std::ostream& out, const Finding& finding, Sources& sources) {
  out << "\n  " << finding.checker << ", " << finding.kind;
  if (!finding.kernel.empty()) out << ", in " << short_name(finding.kernel);
  out << "\n    " << finding.message << "\n";
  for (const Party& party : finding.parties) print(out, party, sources);
  if (!finding.hint.empty()) out << "    likely fix: " << finding.hint << "\n";
}

const char* explain(const std::string& section) {
  if (section == "threads") return "barriers, warp operations and results, in several orders of threads";
  if (section == "apart") return "the same with device memory protected from the host and work deferred";
  if (section == "races") return "races and reads of memory that was never written";
  return "accesses out of bounds, misaligned or after a free, and leaks";
}

void print(std::ostream& out, const TestResult& test, Sources& sources) {
  out << test.name << "\n";
  for (const Section& section : test.sections) {
    out << "  " << section.name << std::string(10 - section.name.size(), ' ') << section.outcome;
    if (section.outcome == "ok") out << std::string(8, ' ') << explain(section.name);
    out << "\n";
  }
  for (const Finding& finding : test.findings) print(out, finding, sources);
  if (!test.output.empty()) out << "\n  the test printed:\n" << test.output << (test.output.back() == '\n' ? "" : "\n");
}

json to_json(const TestResult& test) {
  json sections = json::object(), findings = json::array();
  for (const Section& section : test.sections) sections[section.name] = section.outcome;
  for (const Finding& finding : test.findings) findings.push_back(to_json(finding));
  return {{"name", test.name},
          {"line", test.line},
          {"sections", sections},
          {"findings", findings},
          {"output", test.output}};
}

}  // namespace

std::string as_text(const CheckResult& result) {
  std::ostringstream out;
  Sources sources;
  for (const Finding& finding : result.compile) print(out, finding, sources);
  for (const TestResult& test : result.tests) print(out, test, sources);
  if (!result.folder.empty()) out << "\ntemporary files: " << result.folder.string() << "\n";
  return out.str();
}

std::string as_json(const CheckResult& result) {
  json compile = json::array(), tests = json::array();
  for (const Finding& finding : result.compile) compile.push_back(to_json(finding));
  for (const TestResult& test : result.tests) tests.push_back(to_json(test));
  json value{{"file", result.file}, {"findings", result.finding_count()}, {"compile", compile}, {"tests", tests}};
  if (!result.folder.empty()) value["folder"] = result.folder.string();
  return value.dump(2, ' ', false, json::error_handler_t::replace);
}

}  // namespace cucurbit::lab
