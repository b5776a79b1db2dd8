#include "address_sanitizer.h"

#include <cstdio>
#include <cstring>
#include <string>

#include "block.h"

/// memcheck: AddressSanitizer and UndefinedBehaviorSanitizer find the wrong accesses; this file turns their reports
/// into findings that name the kernel, the block and the thread.

extern "C" {
[[gnu::weak]] void __asan_init();
[[gnu::weak]] void __asan_set_error_report_callback(void (*callback)(const char* text));
[[gnu::weak]] void* __asan_get_report_pc();
[[gnu::weak]] int __asan_get_report_access_type();
[[gnu::weak]] size_t __asan_get_report_access_size();
[[gnu::weak]] const char* __asan_get_report_description();
[[gnu::weak]] void __ubsan_get_current_report_data(const char** kind, const char** message, const char** file,
                                                   unsigned* line, unsigned* column, char** address);

/// Faults are left to softgpu's own handler, leaks to its own report at exit, and a report does not end the program:
/// the launch fails instead.
const char* __asan_default_options() {
  return "halt_on_error=0:handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_abort=0:handle_sigill=0:"
         "use_sigaltstack=0:detect_leaks=0:allocator_may_return_null=1:detect_stack_use_after_return=0";
}
const char* __ubsan_default_options() { return "print_stacktrace=0"; }
}

namespace softgpu {
namespace {

struct Description {
  const char* asan;  ///< AddressSanitizer's name for it
  const char* kind;
  const char* message;
  const char* hint;
};

constexpr const char* kCheckArray = "check the index against the size of the array, or make the array larger";

constexpr Description kDescriptions[] = {
    {"heap-buffer-overflow", "out-of-bounds", "outside an allocation of device memory or dynamic shared memory",
     "check the index against the size of the allocation"},
    {"heap-use-after-free", "use-after-free", "of device memory that was freed",
     "free the memory only after the work that uses it has finished"},
    {"global-buffer-overflow", "out-of-bounds-shared", "outside an array in shared or constant memory", kCheckArray},
    {"stack-buffer-overflow", "out-of-bounds-local", "outside a local array of a thread", kCheckArray},
    {"dynamic-stack-buffer-overflow", "out-of-bounds-local", "outside a local array of a thread", kCheckArray},
    {"stack-use-after-scope", "use-after-scope", "of a local variable whose scope has ended",
     "declare the variable in the enclosing scope"},
};

void report_access(const char* text) {
  const char* name = __asan_get_report_description();
  Description what{name, "memory", "of memory that the thread must not access", ""};
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
  const char* part;  ///< a part of the sanitizer's name of the check
  const char* kind;
  const char* hint;
  cudaError_t error;
};

constexpr Behaviour kBehaviours[] = {
    {"misaligned", "misaligned", "use an address that is a multiple of the alignment of the type",
     cudaErrorMisalignedAddress},
    {"out-of-bounds-index", "out-of-bounds", "check the index against the size of the array", cudaErrorIllegalAddress},
    {"", "undefined-behaviour", "", cudaSuccess},
};

}  // namespace
}  // namespace softgpu

/// UndefinedBehaviorSanitizer calls this function for each of its reports.
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
