#include "wait_policy.h"

#include <elf.h>
#include <link.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

/// How OpenMP threads wait between parallel regions.
///
/// By default libgomp spins without limit when there is a core for each thread. On a shared machine the spinning thread
/// then occupies the core that the thread it waits for needs. Sleeping immediately costs a wake-up in every region.
/// Measured with two threads on two cores shared with five other busy processes: time per region including the serial
/// gap before it (median of five alternating runs, us; the ideal is gap + work):
///
///   gap + work per thread    sleep   200 spins   1000 spins   5000   20000   libgomp's default
///     10 +   20                 93         101           35     48      44        37
///     20 +  200                352         324          304    343     313       273
///     50 + 1000               2086        2132         2240   2415    3194      7859
///
/// 1000 spins (about 50 us) avoid most wake-ups and limit the time lost while the other thread is not scheduled.
///
/// libgomp reads its environment before any code of the program runs, so the program executes itself once more with
/// GOMP_SPINCOUNT set. It does not if OMP_WAIT_POLICY or GOMP_SPINCOUNT is already set, if SOFTGPU_NO_REEXEC is set
/// (for tools such as valgrind, which lose track of a program that does so), or if /proc is missing.

extern "C" const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

namespace softgpu {

const int wait_policy_anchor = 0;

namespace {

/// Whether this code is part of the program itself, not of a shared library that a running program has loaded.
bool part_of_program() {
  const auto* header = reinterpret_cast<const char*>(&__ehdr_start);
  return reinterpret_cast<unsigned long>(header + __ehdr_start.e_phoff) == getauxval(AT_PHDR);
}

/// Whether /proc/self/exe is the program, and not the dynamic loader that was asked to run it.
bool started_directly() {
  char path[4096];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof(path));
  if (length <= 0 || length == sizeof(path)) return false;
  const std::string_view target(path, static_cast<size_t>(length));
  return !target.substr(target.rfind('/') + 1).starts_with("ld-");
}

[[gnu::constructor]] void choose_wait_policy(int, char** argv, char**) {
  for (const char* name : {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "SOFTGPU_NO_REEXEC"}) {
    if (std::getenv(name) != nullptr) return;
  }
  if (getauxval(AT_SECURE) != 0 || !part_of_program() || !started_directly()) return;
  if (setenv("GOMP_SPINCOUNT", "1000", 1) != 0) return;
  execv("/proc/self/exe", argv);
  unsetenv("GOMP_SPINCOUNT");  // exec has failed: continue with the default
}

}  // namespace
}  // namespace softgpu
