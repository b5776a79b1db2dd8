#include "run_grid.h"

#include <omp.h>

#include <cstdint>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <string_view>

#include "cuda_runtime.h"
#include "device.h"
#include "wait_policy.h"

namespace softgpu {
namespace {

[[gnu::used]] const int* const kLinkWaitPolicy = &wait_policy_anchor;

enum class Mode { fast, unsupported };

Mode mode() {
  static const Mode chosen = [] {
    const char* name = std::getenv("SOFTGPU_MODE");
    return name == nullptr || std::string_view(name) == "fast" ? Mode::fast : Mode::unsupported;
  }();
  return chosen;
}

/// The dynamic shared memory of the blocks that run on this OS thread, one after the other.
class SharedMemory {
 public:
  static constexpr std::size_t kAlignment = 128;

  void* get() {
    if (buffer_ == nullptr) buffer_.reset(::operator new (kSharedPerBlockOptin, std::align_val_t{kAlignment}));
    return buffer_.get();
  }

 private:
  struct Delete {
    void operator()(void* p) const { ::operator delete (p, std::align_val_t{kAlignment}); }
  };
  std::unique_ptr<void, Delete> buffer_;
};

constinit thread_local void* block_shared_memory = nullptr;

void* thread_shared_memory() {
  static thread_local SharedMemory memory;
  return memory.get();
}

uint64_t block_count(const Grid& grid) { return uint64_t{grid.blocks.x} * grid.blocks.y * grid.blocks.z; }

/// Runs the blocks with linear indices [first, last) one after the other on the calling OS thread, one CUDA thread in
/// each.
void run_blocks(const Grid& grid, uint64_t first, uint64_t last) {
  gridDim = grid.blocks;
  blockDim = grid.threads;
  block_shared_memory = grid.shared_bytes > 0 ? thread_shared_memory() : nullptr;
  const uint64_t plane = uint64_t{grid.blocks.x} * grid.blocks.y;
  uint3 block = {static_cast<unsigned>(first % grid.blocks.x), static_cast<unsigned>(first % plane / grid.blocks.x),
                 static_cast<unsigned>(first / plane)};
  for (uint64_t i = first; i < last; ++i) {
    blockIdx = block;
    grid.run_thread(grid.arguments);
    if (++block.x < grid.blocks.x) continue;
    block.x = 0;
    if (++block.y < grid.blocks.y) continue;
    block.y = 0;
    ++block.z;
  }
}

/// Gives each OpenMP thread one contiguous range of blocks.
void run_parallel(const Grid& grid, uint64_t blocks) {
  std::exception_ptr failure;
  std::mutex failure_mutex;
#pragma omp parallel
  {
    const auto threads = static_cast<uint64_t>(omp_get_num_threads());
    const auto thread = static_cast<uint64_t>(omp_get_thread_num());
    const uint64_t share = blocks / threads, rest = blocks % threads;
    const uint64_t first = thread * share + (thread < rest ? thread : rest);
    const uint64_t last = first + share + (thread < rest ? 1 : 0);
    try {
      if (first < last) run_blocks(grid, first, last);
    } catch (...) {
      std::lock_guard lock(failure_mutex);
      failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

bool one_thread_blocks() { return mode() == Mode::fast; }

void* dynamic_shared_memory() { return block_shared_memory; }

cudaError_t check_mode(dim3 threads) {
  const bool one_thread = threads.x == 1 && threads.y == 1 && threads.z == 1;
  return mode() == Mode::fast && one_thread ? cudaSuccess : cudaErrorNotSupported;
}

void run_grid(const Grid& grid) {
  const uint64_t blocks = block_count(grid);
  // A parallel region costs microseconds: not for one block, and not inside another region, where all cores are busy.
  if (blocks == 1 || omp_in_parallel() || omp_get_max_threads() == 1) {
    run_blocks(grid, 0, blocks);
  } else {
    run_parallel(grid, blocks);
  }
}

}  // namespace softgpu
