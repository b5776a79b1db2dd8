#include <regex>
#include <sstream>

#include "lab/build.h"

/// Turns the messages of the compiler into findings.

namespace cucurbit::lab {
namespace {

constexpr size_t kMostErrors = 5;

/// A hint for mistakes whose cause the compiler's message does not tell: a part of CUDA that softgpu does not support,
/// or a file that does not have the form the lab requires.
std::string hint_for(const std::string& message) {
  static const std::regex unknown(
      "(cuda\\w+|__\\w+|cg::\\w+).* (was not declared|has not been declared|has no member)");
  if (std::regex_search(message, unknown)) return "use the supported part of CUDA, which docs/lab/README.md describes";
  static const std::regex form(R"(\blab\.h\b|\bmain\b)");
  if (std::regex_search(message, form)) return "include <lab.h>, write the tests with LAB_TEST, and leave out main()";
  return "";
}

Finding error_at(const std::string& message, const std::string& file, int line) {
  return {.checker = "compile",
          .kind = "does-not-compile",
          .message = message,
          .hint = hint_for(message),
          .parties = {{.what = "compile error", .file = file, .line = line}}};
}

}  // namespace

std::vector<Finding> compile_findings(const std::string& messages, const std::filesystem::path& file) {
  // "FILE:LINE:COLUMN: error: what", after lines "FILE:LINE:COLUMN:   required from here" that name the place in the
  // user's file that led to an error in a header.
  static const std::regex error(R"(^(.+?):(\d+):(?:\d+:)? (?:fatal )?error: (.*)$)"),
      place(R"(^(?:In file included from |\s+from )?(.+?):(\d+)(?:[:,].*)?$)"),
      undefined(R"(undefined reference to .*)");
  std::vector<Finding> findings;
  std::string line;
  int asked_at = 0;
  for (std::istringstream stream(messages); std::getline(stream, line) && findings.size() < kMostErrors;) {
    std::smatch match;
    if (std::regex_match(line, match, error)) {
      const bool own = is_file(match[1], file) || asked_at == 0;
      add_finding(findings,
                  error_at(match[3], own ? match[1].str() : file.string(), own ? std::stoi(match[2]) : asked_at));
      asked_at = 0;
    } else if (std::regex_match(line, match, place) && is_file(match[1], file)) {
      asked_at = std::stoi(match[2]);
      if (std::regex_search(line, match, undefined)) add_finding(findings, error_at(match[0], file.string(), asked_at));
    }
  }
  if (findings.empty())
    findings.push_back(error_at(messages.empty() ? "the compiler failed without a message" : messages.substr(0, 2000),
                                file.string(), 1));
  return findings;
}

}  // namespace cucurbit::lab
