#include "address_sanitizer.h"

#include <cstdio>
#include <cstring>
#include <string>

#include "block.h"

/// memcheck: AddressSanitizer and UndefinedBehaviorSanitizer find the accesses, this tells what they belong to.

extern "C" {
[[gnu::weak]] void __asan_init();
[[gnu::weak]] void __asan_set_error_report_callback(void (*callback)(const char* text));
[[gnu::weak]] void* __asan_get_report_pc();
[[gnu::weak]] int __asan_get_report_access_type();
[[gnu::weak]] size_t __asan_get_report_access_size();
[[gnu::weak]] const char* __asan_get_report_description();
[[gnu::weak]] void __ubsan_get_current_report_data(const char** kind, const char** message, const char** file,
                                                   unsigned* line, unsigned* column, char** address);

/// Faults go to our handler; a report does not end the program, its launch fails instead; device memory that is alive
/// at exit is ours to report.
const char* __asan_default_options() {
  return "halt_on_error=0:handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_abort=0:handle_sigill=0:"
         "use_sigaltstack=0:detect_leaks=0:allocator_may_return_null=1:detect_stack_use_after_return=0";
}
const char* __ubsan_default_options() { return "print_stacktrace=0"; }
}

namespace softgpu {
namespace {

struct Description {
  const char* asan;  ///< how AddressSanitizer calls it
  const char* kind;
  const char* message;
  const char* hint;
};

constexpr Description kDescriptions[] = {
    {"heap-buffer-overflow", "out-of-bounds", "beyond an allocation of device memory or dynamic shared memory",
     "a comparison of the index with the size"},
    {"heap-use-after-free", "use-after-free", "of memory that was freed", "a synchronisation before the free"},
    {"global-buffer-overflow", "out-of-bounds-shared", "beyond an array in shared or constant memory",
     "an array as large as the largest index, plus one"},
    {"stack-buffer-overflow", "out-of-bounds-local", "beyond a local array of a thread",
     "an array as large as the largest index, plus one"},
    {"dynamic-stack-buffer-overflow", "out-of-bounds-local", "beyond a local array of a thread", ""},
    {"stack-use-after-scope", "use-after-scope", "of a local variable whose scope has ended", ""},
};

void report_access(const char* text) {
  const char* name = __asan_get_report_description();
  Description what{name, "memory", "of memory that it must not touch", ""};
  for (const Description& known : kDescriptions) {
    if (std::strcmp(known.asan, name) == 0) what = known;
  }
  const std::string access = std::string(__asan_get_report_access_type() != 0 ? "write" : "read") + " of " +
                             std::to_string(__asan_get_report_access_size()) + " bytes";
  const SourcePlace place = locate(__asan_get_report_pc());
  Block* const block = on_fibers ? Block::running() : nullptr;
  Party party{access, place.file, place.line, place.function, std::nullopt};
  if (block != nullptr) {
    party.thread = block->name_of(block->current());
    block->fail_soon(cudaErrorIllegalAddress);
  } else {
    std::fputs(text, stderr);
  }
  report_finding({"memcheck",
                  what.kind,
                  access + " " + what.message,
                  block != nullptr ? block->kernel() : "",
                  {party},
                  what.hint});
}

[[gnu::constructor]] void listen() {
  if (__asan_set_error_report_callback != nullptr) __asan_set_error_report_callback(report_access);
}

}  // namespace

bool has_address_sanitizer() { return __asan_init != nullptr; }

}  // namespace softgpu

namespace softgpu {
namespace {

struct Behaviour {
  const char* part;  ///< of the name of the check
  const char* kind;
  const char* hint;
  cudaError_t error;
};

constexpr Behaviour kBehaviours[] = {
    {"misaligned", "misaligned", "an address that is a multiple of the size of what is read or written",
     cudaErrorMisalignedAddress},
    {"out-of-bounds-index", "out-of-bounds", "a comparison of the index with the size of the array",
     cudaErrorIllegalAddress},
    {"", "undefined-behaviour", "", cudaSuccess},
};

}  // namespace
}  // namespace softgpu

/// UndefinedBehaviorSanitizer calls this for each of its reports.
extern "C" void __ubsan_on_report() {
  using namespace softgpu;
  const char *name = "", *message = "", *file = "";
  unsigned line = 0, column = 0;
  char* address = nullptr;
  if (__ubsan_get_current_report_data == nullptr) return;
  __ubsan_get_current_report_data(&name, &message, &file, &line, &column, &address);
  const Behaviour* behaviour = kBehaviours;
  while (std::strstr(name, behaviour->part) == nullptr) ++behaviour;
  Block* const block = on_fibers ? Block::running() : nullptr;
  Party party{message, file == nullptr ? "" : file, static_cast<int>(line), "", std::nullopt};
  if (block != nullptr) {
    party.thread = block->name_of(block->current());
    if (behaviour->error != cudaSuccess) block->fail_soon(behaviour->error);
  }
  report_finding(
      {"memcheck", behaviour->kind, message, block != nullptr ? block->kernel() : "", {party}, behaviour->hint});
}
