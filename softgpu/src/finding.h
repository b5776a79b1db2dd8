#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cuda_runtime_api.h"
#include "softgpu/site.h"

/// Findings: what the checkers report, all in one form. A finding is text on stderr and, where SOFTGPU_REPORT names a
/// file, also one line of JSON in that file.

namespace softgpu {

/// A CUDA thread by its indices.
struct ThreadName {
  uint3 thread, block;
};

/// One side of a finding: an access, an arrival at a barrier, or a call.
struct Party {
  std::string what;  ///< "write of 4 bytes", "waits at __syncthreads"
  std::string file;  ///< empty when unknown
  int line = 0;
  std::string function;              ///< demangled, may be empty
  std::optional<ThreadName> thread;  ///< none for host code and whole operations
};

struct Finding {
  const char* checker;  ///< synccheck, racecheck, memcheck, initcheck, strict
  const char* kind;     ///< a short name with hyphens, such as "divergent-barrier"
  std::string message;  ///< one sentence that says what is wrong
  std::string kernel;   ///< demangled; empty for host code
  std::vector<Party> parties;
  std::string hint;  ///< the likely fix, in the imperative; may be empty
};

/// Counts the finding, and prints it unless one of the same checker, kind, kernel and places was printed before.
void report_finding(const Finding& finding);

/// What the debug information says about a code address; fields are empty where it says nothing. `pc` is a return
/// address, and the place is that of the instruction before it. Of inlined frames, the innermost one outside softgpu is
/// taken.
struct SourcePlace {
  std::string file;
  int line = 0;
  std::string function;
};
SourcePlace locate(const void* pc);

/// The demangled name of the kernel at an address, or "kernel at 0x..." when the program has no symbols.
std::string kernel_name(const void* kernel);

}  // namespace softgpu
