#include "run_grid.h"

#include <omp.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "check/check.h"
#include "cuda_runtime.h"
#include "device.h"
#include "fault_handler.h"
#include "threads/address_sanitizer.h"
#include "threads/block.h"
#include "threads/cooperative.h"
#include "threads/seed.h"
#include "threads/time_limit.h"
#include "wait_policy.h"

/// Runs the blocks of a grid in either mode, and reads the mode from the environment.

namespace softgpu {
namespace {

[[gnu::used]] const int* const kLinkWaitPolicy = &wait_policy_anchor;

// Out of line: if it were inlined, its registers would be saved at every launch (22.5 instead of 21.4 ns for an empty
// one).
[[gnu::noinline, gnu::cold]] Mode mode_from_environment() {
  const char* name = std::getenv("SOFTGPU_MODE");
  const std::string_view text = name == nullptr ? "" : name;
  const bool instrumented = on_one_os_thread();
  if (text == "threads" || (text.empty() && instrumented)) return Mode::threads;
  if ((text == "fast" || text.empty()) && !instrumented) return Mode::fast;
  std::fprintf(stderr, "softgpu: SOFTGPU_MODE=%s: %s\n", name,
               instrumented ? "an instrumented program runs in mode threads only" : "expected fast or threads");
  std::_Exit(2);
}

Mode& mode() {
  static Mode chosen = mode_from_environment();
  return chosen;
}

/// The dynamic shared memory of the blocks that run on this OS thread, one after the other.
class SharedMemory {
 public:
  static constexpr std::size_t kAlignment = 128;

  /// Under AddressSanitizer the memory is exactly as large as requested, so that accesses beyond its end are seen.
  void* get(size_t bytes) {
    const size_t wanted = has_address_sanitizer() ? bytes : size_t{kSharedPerBlockOptin};
    if (bytes_ != wanted) buffer_.reset(::operator new (bytes_ = wanted, std::align_val_t{kAlignment}));
    return buffer_.get();
  }

 private:
  struct Delete {
    void operator()(void* p) const { ::operator delete (p, std::align_val_t{kAlignment}); }
  };
  std::unique_ptr<void, Delete> buffer_;
  size_t bytes_ = 0;
};

constinit thread_local void* block_shared_memory = nullptr;

void* thread_shared_memory(size_t bytes) {
  static thread_local SharedMemory memory;
  return memory.get(bytes);
}

uint64_t block_count(const Grid& grid) { return uint64_t{grid.blocks.x} * grid.blocks.y * grid.blocks.z; }

void prepare_os_thread(const Grid& grid) {
  gridDim = grid.blocks;
  blockDim = grid.threads;
  block_shared_memory = grid.shared_bytes > 0 ? thread_shared_memory(grid.shared_bytes) : nullptr;
}

/// Runs the blocks with linear indices [first, last) one after the other on the calling OS thread, one CUDA thread in
/// each.
void run_one_thread_blocks(const Grid& grid, uint64_t first, uint64_t last) {
  prepare_os_thread(grid);
  threadIdx = {};  // a launch in thread mode may have left another index
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

/// Runs the same range of blocks with all their threads: forwards, or backwards with an odd seed.
void run_thread_blocks(const Grid& grid, uint64_t first, uint64_t last) {
  use_alternate_stack();
  const TimeLimit limit;
  for (uint64_t i = first; i < last; ++i) {
    const uint64_t block = random_seed() % 2 == 0 ? i : last - 1 - (i - first);
    run_thread_block(grid, block, nullptr);
  }
}

void run_blocks(const Grid& grid, uint64_t first, uint64_t last) {
  if (mode() == Mode::fast) return run_one_thread_blocks(grid, first, last);
  run_thread_blocks(grid, first, last);
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

bool on_one_os_thread() {
  static const bool checked = check::active() || has_address_sanitizer();
  return checked;
}

void set_mode(Mode wanted) {
  if (!on_one_os_thread()) mode() = wanted;
}

bool one_thread_blocks() { return mode() == Mode::fast; }

void* dynamic_shared_memory() { return block_shared_memory; }

cudaError_t check_mode(dim3 threads) {
  if (mode() == Mode::threads) return cudaSuccess;
  const bool one_thread = threads.x == 1 && threads.y == 1 && threads.z == 1;
  return one_thread ? cudaSuccess : cudaErrorNotSupported;
}

void run_thread_block(const Grid& grid, uint64_t index, CooperativeGrid* cooperative) {
  prepare_os_thread(grid);
  const uint64_t plane = uint64_t{grid.blocks.x} * grid.blocks.y;
  blockIdx = {static_cast<unsigned>(index % grid.blocks.x), static_cast<unsigned>(index % plane / grid.blocks.x),
              static_cast<unsigned>(index / plane)};
  if (check::active()) check::begin_block(index, block_shared_memory);
  Block::of_this_os_thread().run(grid, index, blockIdx, cooperative);
}

namespace {

void run_all_blocks(const Grid& grid) {
  const uint64_t blocks = block_count(grid);
  if (grid.cooperative && mode() == Mode::threads) return run_cooperative(grid, blocks);
  // A parallel region costs microseconds, so there is none for one block or inside another region, where cores are
  // busy.
  if (blocks == 1 || omp_in_parallel() || omp_get_max_threads() == 1 || on_one_os_thread()) {
    run_blocks(grid, 0, blocks);
  } else {
    run_parallel(grid, blocks);
  }
}

/// Announces a launch to racecheck for as long as the object lives.
struct CheckedLaunch {
  explicit CheckedLaunch(const Grid& grid) {
    check::begin_launch(grid.kernel, grid.blocks, grid.threads, grid.shared_bytes, grid.cooperative);
  }
  ~CheckedLaunch() { check::end_launch(); }
  CheckedLaunch(const CheckedLaunch&) = delete;
  CheckedLaunch& operator=(const CheckedLaunch&) = delete;
};

}  // namespace

void run_grid(const Grid& grid) {
  if (mode() == Mode::fast) return run_all_blocks(grid);
  install_fault_handler();
  std::optional<CheckedLaunch> checked;
  if (check::active()) checked.emplace(grid);
  run_all_blocks(grid);
}

}  // namespace softgpu
