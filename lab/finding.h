#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace cucurbit::lab {

/// One side of a finding: an access, an arrival at a barrier, or a call.
struct Party {
  std::string what;
  std::string file;  ///< empty when unknown
  int line = 0;
  std::string function;
  std::vector<unsigned> thread, block;  ///< three indices each, or none
};

/// What a checker reports, either one of softgpu or one of the lab's own: compile, launch, test and order.
struct Finding {
  std::string checker, kind, message, kernel, hint;
  std::vector<Party> parties;
  std::vector<std::string> seen;  ///< labels of the runs that found it
};

/// A test's claim that the contents of an array do not depend on the order of threads, with their hash.
struct Contents {
  std::string hash, file;
  int line = 0;
};

/// What a test's process wrote into the file named by SOFTGPU_REPORT.
struct ProcessReport {
  std::vector<Finding> findings;
  std::vector<Contents> contents;
  bool finished = false;  ///< whether the test ran to its end
};
ProcessReport read_report(const std::filesystem::path& path);

/// Whether two findings name the same lines, in any order: which side of a race comes first is chance.
bool same_places(const Finding& a, const Finding& b);

/// Adds a finding. If one of the same checker, kind, kernel and places is already there, only adds to its `seen`.
void add_finding(std::vector<Finding>& findings, Finding finding);

/// Whether a file name from a compiler message or from debug information means `file`.
bool is_file(const std::string& name, const std::filesystem::path& file);

nlohmann::json to_json(const Finding& finding);

}  // namespace cucurbit::lab
