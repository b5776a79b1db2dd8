#pragma once

#include <map>

#include "lab/build.h"
#include "lab/check.h"
#include "lab/process.h"

namespace cucurbit::lab {

/// Limit of the host memory that a test's process may use.
inline constexpr uint64_t kHostBytes = uint64_t(2) << 30;

struct RunContext {
  const std::filesystem::path& file;
  const std::filesystem::path& folder;
  const std::map<Variant, Build>& builds;
  const CheckOptions& options;
};

/// Runs a test under every checker, each time in a new process, and fills in everything but its name and line.
void run_test(const RunContext& context, TestResult& test);

}  // namespace cucurbit::lab
