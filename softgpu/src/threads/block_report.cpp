#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "../address_note.h"
#include "../memory.h"
#include "block.h"
#include "time_limit.h"

/// synccheck and faults in words.

namespace softgpu {
namespace {

std::string hexadecimal(const void* address) {
  char text[24];
  std::snprintf(text, sizeof(text), "%p", address);
  return text;
}

/// Where an address lies, for somebody who has never seen it.
AddressNote note_of(const void* address) {
  const auto number = reinterpret_cast<uintptr_t>(address);
  if (number < 4096) return {"a null pointer (address " + std::to_string(number) + ")", {}};
  std::lock_guard lock(memory_mutex());
  AddressNote note = describe_address(address);
  note.text = "address " + hexadecimal(address) + " (" + note.text + ")";
  return note;
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
      return {"illegal-address", (fault.write ? "write to " : "read of ") + note.text,
              "a comparison of the index with the size", cudaErrorIllegalAddress, std::move(note.allocated)};
  }
}

}  // namespace

std::string Block::kernel() const { return kernel_name(grid_->kernel); }

Party Block::party(unsigned thread, std::string what) const {
  const Site site = threads_[thread].site;
  return {std::move(what), site.file == nullptr ? "" : site.file, site.line, "", name_of(thread)};
}

void Block::report_divergence() {
  Finding finding{"synccheck", "divergent-barrier", "", kernel(), {party(arrivals_.first, "waits at a barrier")}, ""};
  if (arrivals_.other != kNobody) {
    finding.message = "threads of one block wait at different barriers";
    finding.parties.push_back(party(arrivals_.other, "waits at another barrier"));
    finding.hint = "a __syncthreads() that all threads of the block reach, outside of the condition";
  } else {
    finding.kind = "left-before-barrier";
    finding.message = std::to_string(thread_count_ - live_) + " of " + std::to_string(thread_count_) +
                      " threads left the kernel while others wait at a barrier";
    finding.parties.push_back({"left the kernel", "", 0, "", name_of(first_left_)});
    finding.hint = "a condition around the work instead of a return, so that all threads reach the barrier";
  }
  report_finding(finding);
}

/// No thread can run: some wait for others that will never come.
void Block::report_stuck() {
  Finding finding{"synccheck", "deadlock", "no thread of the block can go on", kernel(), {}, ""};
  for (unsigned w = 0; w < warp_count_ && finding.parties.empty(); ++w) {
    const Warp& warp = warps_[w];
    if (warp.meeting == 0) continue;
    const auto lane = static_cast<unsigned>(__builtin_ctz(warp.meeting));
    const unsigned waiting = w * kWarpLanes + lane;
    char mask[16];
    std::snprintf(mask, sizeof(mask), "0x%08x", threads_[waiting].mask);
    finding.kind = "warp-mask";
    finding.message = "lanes that a warp operation names in its mask do not come to it";
    finding.hint = "a mask that names exactly the lanes that execute the operation, such as that of __ballot_sync";
    finding.parties.push_back(party(waiting, std::string("waits with mask ") + mask));
    const uint32_t missing = threads_[waiting].mask & warp.live & ~(uint32_t{1} << lane);
    for (uint32_t rest = missing; rest != 0; rest &= rest - 1) {
      const unsigned other = w * kWarpLanes + static_cast<unsigned>(__builtin_ctz(rest));
      const bool elsewhere = (warp.meeting & (uint32_t{1} << other % kWarpLanes)) == 0;
      if (!elsewhere && threads_[other].mask == threads_[waiting].mask &&
          threads_[other].combine == threads_[waiting].combine)
        continue;
      std::snprintf(mask, sizeof(mask), "0x%08x", threads_[other].mask);
      finding.parties.push_back(
          party(other, elsewhere ? "is named but waits at a barrier" : std::string("waits with mask ") + mask));
      break;
    }
  }
  if (arrivals_.count > 0) {
    if (finding.parties.empty()) {
      finding.kind = "divergent-barrier";
      finding.message = "some threads of the block wait at a barrier that the others never reach";
      finding.hint = "a __syncthreads() that all threads of the block reach, outside of the condition";
    }
    if (finding.parties.size() < 2) finding.parties.push_back(party(arrivals_.first, "waits at a barrier"));
  }
  for (unsigned w = 0; w < warp_count_ && at_grid_ > 0; ++w) {
    if (warps_[w].at_grid == 0) continue;
    const auto lane = static_cast<unsigned>(__builtin_ctz(warps_[w].at_grid));
    finding.parties.push_back(party(w * kWarpLanes + lane, "waits for the grid"));
    break;
  }
  report_finding(finding);
}

void Block::misuse(const char* what, Site site) {
  threads_[current_].site = site;
  report_finding({"synccheck", "misuse", std::string("a thread ") + what, kernel(), {party(current_, "calls it")}, ""});
  fail(cudaErrorLaunchFailure);
}

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
