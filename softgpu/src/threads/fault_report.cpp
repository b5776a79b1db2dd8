#include <csignal>
#include <cstdio>
#include <mutex>

#include "../address_note.h"
#include "../memory.h"
#include "block.h"
#include "time_limit.h"

/// Faults of a kernel in words.

namespace softgpu {
namespace {

std::string hexadecimal(const void* address) {
  char text[24];
  std::snprintf(text, sizeof(text), "%p", address);
  return text;
}

/// Where an address lies, for somebody who has never seen it.
AddressNote note_of(const void* address) {
  if (address == kUnknownAddress) return {"an address that is misaligned, or that no memory can have", {}};
  const auto number = reinterpret_cast<uintptr_t>(address);
  if (number < 4096) return {"a null pointer (address " + std::to_string(number) + ")", {}};
  std::lock_guard lock(memory_mutex());
  AddressNote note = describe_address(address);
  note.text = "address " + hexadecimal(address) + " (" + note.text + ")";
  return note;
}

/// With the address, the processor keeps to itself whether it was a write.
const char* access_text(const Fault& fault) {
  if (fault.address == kUnknownAddress) return "access to ";
  return fault.write ? "write to " : "read of ";
}

struct FaultText {
  const char* kind;
  std::string message, hint;
  cudaError_t error;
  std::optional<Party> allocated = {};  ///< where the memory next to an illegal address comes from
};

FaultText describe_fault(const Fault& fault, bool stack_overflow) {
  if (fault.time_limit) {
    return {"time-limit", "the kernel did not end within " + time_limit_text(),
            "an exit from a loop, or the thread that the loop waits for", cudaErrorLaunchTimeout};
  }
  if (stack_overflow) {
    return {"local-memory", "a thread used up its local memory (256 KiB)", "an end to a recursion, or a smaller array",
            cudaErrorIllegalAddress};
  }
  switch (fault.signal) {
    case SIGFPE:
      return {"division", "an integer was divided by zero: on a GPU the result is undefined", "a check of the divisor",
              cudaErrorLaunchFailure};
    case SIGABRT:
      return {"assert", "an assertion failed, which says where above, or abort() was called", "", cudaErrorAssert};
    case SIGILL:
      return {"trap", "the kernel executed a trap", "", cudaErrorLaunchFailure};
    default:
      AddressNote note = note_of(fault.address);
      return {"illegal-address", access_text(fault) + note.text, "a comparison of the index with the size",
              cudaErrorIllegalAddress, std::move(note.allocated)};
  }
}

}  // namespace

void Block::fail_with(const Fault& fault) {
  const FaultText text = describe_fault(fault, fibers_.in_guard_page(fault.address));
  // abort() stops deep in the C library; an assertion has said itself where it stands.
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
