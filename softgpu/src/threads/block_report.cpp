#include <algorithm>
#include <bit>
#include <cstdio>

#include "block.h"

/// synccheck in words.

namespace softgpu {
namespace {

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

/// Lanes of the warp wait in a warp operation for one that does not come to it.
void Block::describe_meeting(unsigned index, Finding& finding) const {
  const Warp& warp = warps_[index];
  const unsigned first = index * kWarpLanes, waiting = first + static_cast<unsigned>(std::countr_zero(warp.meeting));
  const Thread& thread = threads_[waiting];
  finding.kind = "warp-mask";
  finding.message = "lanes that a warp operation names in its mask do not come to it";
  finding.hint = "a mask that names exactly the lanes that execute the operation, such as that of __ballot_sync";
  finding.parties.push_back(party(waiting, "waits with mask " + mask_text(thread.mask)));
  for (uint32_t rest = thread.mask & warp.live; rest != 0; rest &= rest - 1) {
    const unsigned lane = static_cast<unsigned>(std::countr_zero(rest));
    const Thread& other = threads_[first + lane];
    const bool in_warp_operation = (warp.meeting >> lane & 1) != 0;
    if (in_warp_operation && other.mask == thread.mask && other.combine == thread.combine) continue;
    finding.parties.push_back(party(
        first + lane, in_warp_operation ? "waits with mask " + mask_text(other.mask) : "is named but waits elsewhere"));
    return;
  }
}

/// No thread can run: some wait for others that will never come.
void Block::report_stuck() {
  Finding finding{"synccheck", "deadlock", "no thread of the block can go on", kernel(), {}, ""};
  const auto meeting =
      std::find_if(warps_.begin(), warps_.begin() + warp_count_, [](const Warp& warp) { return warp.meeting != 0; });
  if (meeting != warps_.begin() + warp_count_) {
    describe_meeting(static_cast<unsigned>(meeting - warps_.begin()), finding);
  } else if (arrivals_.count > 0) {
    finding.kind = "divergent-barrier";
    finding.message = "some threads of the block wait at a barrier that the others never reach";
    finding.hint = "a __syncthreads() that all threads of the block reach, outside of the condition";
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
  report_finding({"synccheck", "misuse", std::string("a thread ") + what, kernel(), {party(current_, "calls it")}, ""});
  fail(cudaErrorLaunchFailure);
}

}  // namespace softgpu
