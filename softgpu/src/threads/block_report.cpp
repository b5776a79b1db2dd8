#include <algorithm>
#include <bit>
#include <cstdio>

#include "block.h"

/// Turns what synccheck found into findings.

namespace softgpu {
namespace {

constexpr const char* kMoveBarrier =
    "move __syncthreads() out of the condition, so that all threads reach the same one";

std::string mask_text(unsigned mask) {
  char text[16];
  std::snprintf(text, sizeof(text), "0x%08x", mask);
  return text;
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
    finding.hint = kMoveBarrier;
  } else {
    finding.kind = "left-before-barrier";
    finding.message = std::to_string(thread_count_ - live_) + " of " + std::to_string(thread_count_) +
                      " threads of the block returned from the kernel while the others wait at a barrier";
    finding.parties.push_back({"returned from the kernel", "", 0, "", name_of(first_left_)});
    finding.hint = "put the work inside a condition instead of returning early, so that all threads reach the barrier";
  }
  report_finding(finding);
}

/// Describes lanes of the warp that wait in a warp operation for a lane that does not execute it.
void Block::describe_meeting(unsigned index, Finding& finding) const {
  const Warp& warp = warps_[index];
  const unsigned first = index * kWarpLanes, waiting = first + static_cast<unsigned>(std::countr_zero(warp.meeting));
  const Thread& thread = threads_[waiting];
  finding.kind = "warp-mask";
  finding.message = "the mask of a warp operation names lanes that do not execute it";
  finding.hint = "pass a mask of exactly the lanes that execute the operation, for example from __ballot_sync";
  finding.parties.push_back(party(waiting, "waits with mask " + mask_text(thread.mask)));
  for (uint32_t rest = thread.mask & warp.live; rest != 0; rest &= rest - 1) {
    const unsigned lane = static_cast<unsigned>(std::countr_zero(rest));
    const Thread& other = threads_[first + lane];
    const bool in_warp_operation = (warp.meeting >> lane & 1) != 0;
    if (in_warp_operation && other.mask == thread.mask && other.combine == thread.combine) continue;
    finding.parties.push_back(party(first + lane, in_warp_operation ? "waits with mask " + mask_text(other.mask)
                                                                    : "is in the mask but waits elsewhere"));
    return;
  }
}

/// Reports that no thread can run, because each waits for others that will never arrive.
void Block::report_stuck() {
  Finding finding{"synccheck", "deadlock", "no thread of the block can continue: each waits for another",
                  kernel(),    {},         "let every thread that others wait for reach the same barrier"};
  const auto meeting =
      std::find_if(warps_.begin(), warps_.begin() + warp_count_, [](const Warp& warp) { return warp.meeting != 0; });
  if (meeting != warps_.begin() + warp_count_) {
    describe_meeting(static_cast<unsigned>(meeting - warps_.begin()), finding);
  } else if (arrivals_.count > 0) {
    finding.kind = "divergent-barrier";
    finding.message = "some threads of the block wait at a barrier that the others never reach";
    finding.hint = kMoveBarrier;
  }
  if (arrivals_.count > 0 && finding.parties.size() < 2) {
    finding.parties.push_back(party(arrivals_.first, "waits at a barrier"));
  }
  const auto at_grid =
      std::find_if(warps_.begin(), warps_.begin() + warp_count_, [](const Warp& warp) { return warp.at_grid != 0; });
  if (at_grid != warps_.begin() + warp_count_) {
    const auto first = static_cast<unsigned>(at_grid - warps_.begin()) * kWarpLanes;
    finding.parties.push_back(
        party(first + static_cast<unsigned>(std::countr_zero(at_grid->at_grid)), "waits for the grid"));
  }
  report_finding(finding);
}

void Block::misuse(const char* what, Site site) {
  threads_[current_].site = site;
  report_finding({"synccheck", "misuse", std::string("a thread ") + what, kernel(), {party(current_, "call")}, ""});
  fail(cudaErrorLaunchFailure);
}

}  // namespace softgpu
