#pragma once

#include "device_functions.h"
#include "indices.h"
#include "site.h"
#include "threads.h"
#include "warp_functions.h"

/// The groups of cooperative_groups that are wider than a warp, and the base class. In fast mode each has one thread.

namespace cooperative_groups {

using softgpu::Site;

/// Any group, by value: a thread block, a grid, or lanes of a warp.
class thread_group {
 public:
  unsigned long long num_threads() const;
  unsigned long long size() const { return num_threads(); }
  unsigned long long thread_rank() const;
  void sync(Site site = Site::here()) const;

 protected:
  enum class Kind { block, grid, lanes };
  explicit thread_group(Kind kind) : kind_(kind) {}
  thread_group(unsigned mask, unsigned meta_rank, unsigned meta_size)
      : kind_(Kind::lanes), mask_(mask), meta_rank_(meta_rank), meta_size_(meta_size) {}

  unsigned lane_count() const { return static_cast<unsigned>(__popc(mask_)); }
  /// The number of lanes of the group that come before the caller's.
  unsigned lane_rank() const { return static_cast<unsigned>(__popc(mask_ & ((1u << softgpu::lane_index()) - 1u))); }

  friend thread_group tiled_partition(const thread_group& parent, unsigned size, Site site);

  Kind kind_;
  unsigned mask_ = 0;
  unsigned meta_rank_ = 0, meta_size_ = 1;
};

class thread_block : public thread_group {
 public:
  static unsigned num_threads() { return softgpu::block_threads(); }
  static unsigned size() { return num_threads(); }
  static unsigned thread_rank() { return softgpu::thread_index(); }
  static dim3 dim_threads() { return blockDim; }
  static dim3 group_dim() { return blockDim; }
  static dim3 group_index() { return dim3(blockIdx); }
  static dim3 thread_index() { return dim3(threadIdx); }
  static void sync(Site site = Site::here()) {
    if (softgpu::on_fibers) softgpu::block_barrier(softgpu::BarrierVote::none, 0, site);
  }

 private:
  thread_block() : thread_group(Kind::block) {}
  friend thread_block this_thread_block();
};
inline thread_block this_thread_block() { return {}; }

/// All threads of a cooperative launch.
class grid_group : public thread_group {
 public:
  /// Whether sync() may be called: the launch was cooperative.
  bool is_valid() const { return softgpu::cooperative(); }
  void sync(Site site = Site::here()) const {
    if (softgpu::on_fibers) return softgpu::grid_barrier(site);
    if (num_blocks() > 1) softgpu::misuse("calls grid.sync(), which needs SOFTGPU_MODE=threads,", site);
  }

  static unsigned long long num_threads() { return num_blocks() * thread_block::num_threads(); }
  static unsigned long long size() { return num_threads(); }
  static unsigned long long thread_rank() {
    return block_rank() * thread_block::num_threads() + softgpu::thread_index();
  }
  static dim3 group_dim() { return gridDim; }
  static dim3 dim_blocks() { return gridDim; }
  static unsigned long long num_blocks() { return softgpu::grid_blocks(); }
  static dim3 block_index() { return dim3(blockIdx); }
  static unsigned long long block_rank() { return softgpu::block_index(); }

 private:
  grid_group() : thread_group(Kind::grid) {}
  friend grid_group this_grid();
};
inline grid_group this_grid() { return {}; }

inline unsigned long long thread_group::num_threads() const {
  if (kind_ == Kind::block) return thread_block::num_threads();
  return kind_ == Kind::grid ? grid_group::num_threads() : lane_count();
}
inline unsigned long long thread_group::thread_rank() const {
  if (kind_ == Kind::block) return thread_block::thread_rank();
  return kind_ == Kind::grid ? grid_group::thread_rank() : lane_rank();
}
inline void thread_group::sync(Site site) const {
  if (kind_ == Kind::block) return thread_block::sync(site);
  if (kind_ == Kind::grid) return this_grid().sync(site);
  if (softgpu::on_fibers) softgpu::sync_warp(mask_, site);
}

template <class Group>
void sync(const Group& group, Site site = Site::here()) {
  group.sync(site);
}
template <class Group>
auto thread_rank(const Group& group) {
  return group.thread_rank();
}
template <class Group>
auto group_size(const Group& group) {
  return group.num_threads();
}

}  // namespace cooperative_groups
