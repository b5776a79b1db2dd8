#pragma once

#include <cuda_runtime.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

/// How a test reports findings: as text on stderr and, where the environment variable SOFTGPU_REPORT names a file, as a
/// line of JSON in the form that softgpu's checkers use.

/// Findings name the line of a test that calls a function of the lab, not a line of the lab.
#define LAB_INLINE __forceinline__

namespace lab {

/// A place in the source. As the default argument of a function it is the place of the call.
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
  const char* what;  ///< what happens at the site
};

/// Number of findings of the running test.
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

/// Thrown to end a test after a finding has been reported.
struct Stopped {};

/// If a call of the runtime failed, reports it and throws Stopped.
inline void check(cudaError_t error, const std::string& call, Site site) {
  if (error == cudaSuccess) return;
  cudaGetLastError();
  const bool memory = error == cudaErrorMemoryAllocation;
  report({"test", memory ? "out-of-memory" : "cuda-error",
          call + " failed: " + cudaGetErrorName(error) + " (" + cudaGetErrorString(error) + ")",
          memory ? "use smaller inputs, or free memory that is no longer used"
                 : "check earlier calls: the error of a kernel is returned by the next call that waits for it",
          "", "call"},
         site);
  throw Stopped{};
}

}  // namespace detail
}  // namespace lab
