#pragma once

#include <cstring>
#include <exception>
#include <new>
#include <vector>

#include "report.h"
#ifdef SOFTGPU
#include <signal.h>
#include <sys/prctl.h>
#endif

/// Defines a test; its body follows. At the end of a test the device must be free of errors.
#define LAB_TEST(name)                                                     \
  static void lab_test_##name();                                           \
  [[maybe_unused]] static const bool lab_added_##name =                    \
      ::lab::detail::add({#name, &lab_test_##name, {__FILE__, __LINE__}}); \
  static void lab_test_##name()

namespace lab::detail {

struct Test {
  const char* name;
  void (*body)();
  Site site;
};

inline std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

inline bool add(const Test& test) {
  tests().push_back(test);
  return true;
}

/// Reports failed launches whose error the test did not ask for. Set where launches go through the lab.
inline void (*report_launches)() = nullptr;

/// Reports an error of the device that the test did not ask for.
inline void check_device(Site site) {
  cudaDeviceSynchronize();
  if (report_launches != nullptr) report_launches();
  const cudaError_t error = cudaGetLastError();
  if (error == cudaSuccess) return;
  report({"test", "unchecked-error",
          std::string("the test ended with an error that it did not check: ") + cudaGetErrorName(error) + " (" +
              cudaGetErrorString(error) + ")",
          "check what every call returns, and cudaGetLastError() after every launch", "", "test"},
         site);
}

inline void run_body(const Test& test) {
  try {
    test.body();
  } catch (const Stopped&) {
  } catch (const std::bad_alloc&) {
    report({"test", "out-of-memory", "the test ran out of host memory", "use smaller inputs", "", "test"}, test.site);
  } catch (const std::exception& error) {
    report({"test", "exception", std::string("the test threw: ") + error.what(), "", "", "test"}, test.site);
  }
  check_device(test.site);
  append_line(std::string("{\"finished\":\"") + test.name + "\"}");
}

inline bool wanted(const Test& test, int argc, char** argv) {
  for (int i = 1; i < argc; ++i)
    if (std::strcmp(argv[i], test.name) == 0) return true;
  return argc == 1;
}

/// Runs the tests that the command line names, or all. Returns 0 if at least one ran and none had a finding.
inline int run(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--list") == 0) {
    for (const Test& test : tests()) std::printf("%s\t%d\n", test.name, test.site.line);
    return 0;
  }
#ifdef SOFTGPU
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // an endless test does not outlive the lab
#endif
  int failed = 0, ran = 0;
  for (const Test& test : tests()) {
    if (!wanted(test, argc, argv)) continue;
    ++ran;
    findings = 0;
    run_body(test);
    failed += findings != 0;
    std::fprintf(stderr, "%s: %s\n", test.name, findings == 0 ? "ok" : "FAILED");
  }
  if (ran == 0) std::fprintf(stderr, "there is no such test\n");
  return failed == 0 && ran != 0 ? 0 : 1;
}

}  // namespace lab::detail
