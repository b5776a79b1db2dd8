#include <csignal>
#include <cstdio>
#include <mutex>

#include "../address_note.h"
#include "../memory.h"
#include "block.h"
#include "time_limit.h"

/// Turns the faults of a kernel into findings.

namespace softgpu {
namespace {

std::string hexadecimal(const void* address) {
  char text[24];
  std::snprintf(text, sizeof(text), "%p", address);
  return text;
}

bool is_null(const void* address) { return reinterpret_cast<uintptr_t>(address) < 4096; }

/// Says where an address lies in terms that the reader of a report knows.
AddressNote note_of(const void* address) {
  if (address == kUnknownAddress) return {"an address that is misaligned or outside the address space", {}};
  if (is_null(address))
    return {"a null pointer (address " + std::to_string(reinterpret_cast<uintptr_t>(address)) + ")", {}};
  std::lock_guard lock(memory_mutex());
  AddressNote note = describe_address(address);
  note.text = "address " + hexadecimal(address) + " (" + note.text + ")";
  return note;
}

/// Where the processor does not tell the address, it does not tell either whether the access was a write.
const char* access_text(const Fault& fault) {
  if (fault.address == kUnknownAddress) return "access to ";
  return fault.write ? "write to " : "read of ";
}

const char* hint_of(const void* address) {
  if (address == kUnknownAddress)
    return "check the alignment of the pointer, and its index against the size of the array";
  return is_null(address) ? "pass a valid pointer, or check it before the access"
                          : "check the index against the size of the array";
}

struct FaultText {
  const char* kind;
  std::string message, hint;
  cudaError_t error;
  std::optional<Party> allocated = {};  ///< the call that allocated the memory nearest to an illegal address
};

FaultText describe_fault(const Fault& fault, bool stack_overflow) {
  if (fault.time_limit) {
    return {"time-limit", "the kernel did not end within " + time_limit_text(),
            "check the exit conditions of its loops, and that what a loop waits for does happen",
            cudaErrorLaunchTimeout};
  }
  if (stack_overflow) {
    return {"local-memory", "a thread used more than its 256 KiB of local memory",
            "limit the depth of the recursion, or use smaller local arrays", cudaErrorIllegalAddress};
  }
  switch (fault.signal) {
    case SIGFPE:
      return {"division", "an integer was divided by zero, which on a GPU gives an undefined result",
              "check the divisor", cudaErrorLaunchFailure};
    case SIGABRT:
      return {"assert", "an assertion failed (its message is printed above), or abort() was called", "",
              cudaErrorAssert};
    case SIGILL:
      return {"trap", "the kernel executed a trap instruction", "", cudaErrorLaunchFailure};
    default:
      AddressNote note = note_of(fault.address);
      return {"illegal-address", access_text(fault) + note.text, hint_of(fault.address), cudaErrorIllegalAddress,
              std::move(note.allocated)};
  }
}

}  // namespace

void Block::fail_with(const Fault& fault) {
  const FaultText text = describe_fault(fault, fibers_.in_guard_page(fault.address));
  // abort() stops deep inside the C library, and a failed assertion has already printed its own place.
  const SourcePlace place = fault.signal == SIGABRT ? SourcePlace{} : locate(static_cast<const char*>(fault.pc) + 1);
  if (pending_failure_ == cudaSuccess) {
    std::vector<Party> parties{
        {fault.time_limit ? "still running" : "stopped", place.file, place.line, place.function, name_of(current_)}};
    if (text.allocated.has_value()) parties.push_back(*text.allocated);
    report_finding({"memcheck", text.kind, text.message, kernel(), parties, text.hint});
  }
  fail(text.error);
}

}  // namespace softgpu
