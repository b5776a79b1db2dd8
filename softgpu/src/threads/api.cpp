#include <stdexcept>
#include <string>

#include "block.h"

/// Implements softgpu/threads.h: the headers call these functions for the block that the calling OS thread runs.

namespace softgpu {

int block_barrier(BarrierVote vote, int predicate, Site site) {
  return Block::running()->barrier(vote, predicate, site);
}
void meet_in_warp(unsigned mask, void* lane, Combine combine, Site site) {
  Block::running()->meet(mask, lane, combine, site);
}
void sync_warp(unsigned mask, Site site) { Block::running()->meet(mask, nullptr, nullptr, site); }
unsigned active_lanes(Site site) { return Block::running()->active_lanes(site); }
void grid_barrier(Site site) { Block::running()->grid_barrier(site); }
bool cooperative() { return on_fibers && Block::running()->is_cooperative(); }
void yield() { Block::running()->yield(); }

void misuse(const char* what, Site site) {
  if (on_fibers) Block::running()->misuse(what, site);
  throw std::runtime_error(std::string("a thread ") + what + " at " + site.file + ":" + std::to_string(site.line));
}

}  // namespace softgpu
