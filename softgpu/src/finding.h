#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cuda_runtime_api.h"
#include "softgpu/site.h"

/// What the checkers have to say, in one form: text on stderr and, where SOFTGPU_REPORT names a file, one line of JSON.

namespace softgpu {

/// A CUDA thread by its indices.
struct ThreadName {
  uint3 thread, block;
};

/// One side of what went wrong: an access, an arrival at a barrier, a call.
struct Party {
  std::string what;  ///< "write of 4 bytes", "waits at __syncthreads"
  std::string file;  ///< empty when unknown
  int line = 0;
  std::string function;              ///< demangled, may be empty
  std::optional<ThreadName> thread;  ///< none for host code and whole operations
};

struct Finding {
  const char* checker;  ///< synccheck, racecheck, memcheck, initcheck, strict
  const char* kind;     ///< one of a few words with hyphens, such as "divergent-barrier"
  std::string message;  ///< one sentence: what is wrong
  std::string kernel;   ///< demangled; empty for host code
  std::vector<Party> parties;
  std::string hint;  ///< what is usually missing
};

/// Prints the finding unless one of the same checker, kind, kernel and places was printed before; counts it in any
/// case.
void report_finding(const Finding& finding);

/// What the debug information says of a code address; empty fields where it says nothing. `pc` is a return address:
/// the instruction before it is meant. Of inlined frames the innermost is taken whose file is not one of softgpu's.
struct SourcePlace {
  std::string file;
  int line = 0;
  std::string function;
};
SourcePlace locate(const void* pc);

/// Name of a kernel by its address, demangled; "kernel at 0x..." when the program carries no symbols.
std::string kernel_name(const void* kernel);

}  // namespace softgpu
