#pragma once

#include <cuda_runtime.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

/// How a test says what is wrong: text on stderr and, where the environment variable SOFTGPU_REPORT names a file, a
/// line of JSON in the form that softgpu's checkers use.

/// Findings name the line of a test that calls a function of the lab, not a line of the lab.
#define LAB_INLINE __forceinline__

namespace lab {

/// A place in the source. As a default argument it is where the function was called.
struct Site {
  const char* file;
  int line;

  static constexpr Site here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) { return {file, line}; }
};

namespace detail {

struct Report {
  const char* checker;
  const char* kind;
  std::string message;
  std::string hint;
  std::string kernel;
  const char* what;  ///< what is at the site
};

/// Findings of the running test.
inline int findings = 0;

inline std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < ' ') {
      result += ' ';
      continue;
    }
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

inline void append_line(const std::string& line) {
  const char* path = std::getenv("SOFTGPU_REPORT");
  if (path == nullptr) return;
  if (std::FILE* file = std::fopen(path, "a")) {
    std::fprintf(file, "%s\n", line.c_str());
    std::fclose(file);
  }
}

inline void report(const Report& report, Site site) {
  ++findings;
  std::fprintf(stderr, "%s:%d: %s\n", site.file, site.line, report.message.c_str());
  append_line(std::string("{\"checker\":\"") + report.checker + "\",\"kind\":\"" + report.kind +
              "\",\"message\":" + quoted(report.message) + ",\"kernel\":" + quoted(report.kernel) +
              ",\"hint\":" + quoted(report.hint) + ",\"parties\":[{\"what\":" + quoted(report.what) +
              ",\"file\":" + quoted(site.file) + ",\"line\":" + std::to_string(site.line) + ",\"function\":\"\"}]}");
}

/// Ends a test; what was wrong has been reported.
struct Stopped {};

/// Throws Stopped, after a report, if a call of the runtime failed.
inline void check(cudaError_t error, const std::string& call, Site site) {
  if (error == cudaSuccess) return;
  cudaGetLastError();
  const bool memory = error == cudaErrorMemoryAllocation;
  report({"test", memory ? "out-of-memory" : "cuda-error",
          call + " failed: " + cudaGetErrorName(error) + " (" + cudaGetErrorString(error) + ")",
          memory ? "smaller inputs, or a cudaFree of what is no longer used"
                 : "a check of an earlier call: the error of a kernel is told by the next call that waits for it",
          "", "calls"},
         site);
  throw Stopped{};
}

}  // namespace detail
}  // namespace lab
