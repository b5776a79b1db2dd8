#pragma once

#include <map>

#include "lab/build.h"
#include "lab/check.h"
#include "lab/process.h"

namespace cucurbit::lab {

/// What a test's process may use of the host's memory.
inline constexpr uint64_t kHostBytes = uint64_t(2) << 30;

struct RunContext {
  const std::filesystem::path& file;
  const std::filesystem::path& folder;
  const std::map<Variant, Build>& builds;
  const CheckOptions& options;
};

/// Runs a test, each time in a process of its own, under every checker: fills in all but name and line.
void run_test(const RunContext& context, TestResult& test);

}  // namespace cucurbit::lab
