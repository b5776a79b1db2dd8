#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace cucurbit::lab {

/// One side of what went wrong: an access, an arrival, a call.
struct Party {
  std::string what;
  std::string file;  ///< empty when unknown
  int line = 0;
  std::string function;
  std::vector<unsigned> thread, block;  ///< three indices each, or none
};

/// What a checker has to say. The lab's own checkers are compile, launch, test and order.
struct Finding {
  std::string checker, kind, message, kernel, hint;
  std::vector<Party> parties;
  std::vector<std::string> seen;  ///< the runs that found it
};

/// A claim that the contents of an array do not depend on the order of threads.
struct Contents {
  std::string hash, file;
  int line = 0;
};

/// What a test's process wrote into the file named by SOFTGPU_REPORT.
struct ProcessReport {
  std::vector<Finding> findings;
  std::vector<Contents> contents;
  bool finished = false;  ///< the test came to its end
};
ProcessReport read_report(const std::filesystem::path& path);

/// Whether the lines are the same, in whatever order: which side of a race came first is chance.
bool same_places(const Finding& a, const Finding& b);

/// Adds a finding, or, if one of the same checker, kind, kernel and places is there, only where it was seen.
void add_finding(std::vector<Finding>& findings, Finding finding);

/// Whether a name that a compiler or a debugger gives is that of `file`.
bool is_file(const std::string& name, const std::filesystem::path& file);

nlohmann::json to_json(const Finding& finding);

}  // namespace cucurbit::lab
