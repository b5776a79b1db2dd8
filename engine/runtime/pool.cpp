#include "engine/runtime/pool.h"

#include <cuda_runtime.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdint>

#include "engine/runtime/check.h"
#include "engine/runtime/stream.h"
#include "kernels/error.h"

namespace cucurbit {

namespace {
constexpr size_t kGuard = 256;
constexpr int kSentinel = 0xa5, kPoison = 0xff;

thread_local Pool* innermost = nullptr;

/// Rounds up to a size class: multiples of 512 bytes up to 4 KiB, then eight classes per power of two, so that tensors
/// of nearly the same size reuse blocks and less than one eighth is wasted.
size_t round_up(size_t bytes) {
  const size_t power = std::bit_floor(std::max<size_t>(bytes, 1));
  const size_t unit = std::max<size_t>(power / 8, 512);
  return (std::max<size_t>(bytes, 1) + unit - 1) / unit * unit;
}
}  // namespace

Pool& Pool::current() {
  // Never destroyed, because static objects that hold tensors may be destroyed in any order.
  static const auto* program = new std::shared_ptr<Pool>(std::make_shared<Pool>());
  return innermost ? *innermost : **program;
}

Pool::~Pool() { trim(); }

void Pool::trim() noexcept {
  for (auto& [bytes, blocks] : cached_)
    for (void* block : blocks) cudaFree(block);
  cached_.clear();
}

void* Pool::take(size_t rounded) {
  if (auto found = cached_.find(rounded); found != cached_.end() && !found->second.empty()) {
    void* block = found->second.back();
    found->second.pop_back();
    return block;
  }
  void* block = nullptr;
  cudaError_t status = cudaMalloc(&block, rounded);
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    // During a capture nothing may wait, and the cached blocks belong to the graph that is being captured.
    cudaStreamCaptureStatus capture{};
    cudaStreamIsCapturing(stream(), &capture);
    if (capture == cudaStreamCaptureStatusNone) {
      synchronize();
      trim();
      status = cudaMalloc(&block, rounded);
    }
  }
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    size_t free = 0, total = 0;
    cudaMemGetInfo(&free, &total);
    throw Error(
        ErrorKind::out_of_memory,
        fmt::format("[memory] out of device memory: requested {:.1f} MiB, free {:.1f} of {:.1f} MiB, peak in use "
                    "{:.1f} MiB: use a smaller `batch_size` or model",
                    rounded / 1048576.0, free / 1048576.0, total / 1048576.0, peak_ / 1048576.0));
  }
  check_cuda(status, "memory");
  return block;
}

void* Pool::allocate(size_t bytes) {
  const size_t rounded = round_up(bytes) + (guarded_ ? 2 * kGuard : 0);
  char* block = static_cast<char*>(take(rounded));
  in_use_ += round_up(bytes);
  peak_ = std::max(peak_, in_use_);
  if (!guarded_) return block;
  check_cuda(cudaMemsetAsync(block, kSentinel, rounded, stream()), "memory");
  check_cuda(cudaMemsetAsync(block + kGuard, kPoison, bytes, stream()), "memory");
  guarded_blocks_[block + kGuard] = bytes;
  return block + kGuard;
}

bool Pool::sentinels_intact(void* data, size_t bytes) const {
  const size_t tail = round_up(bytes) - bytes + kGuard;
  std::vector<unsigned char> edge(kGuard + tail);
  char* first = static_cast<char*>(data);
  check_cuda(cudaMemcpy(edge.data(), first - kGuard, kGuard, cudaMemcpyDeviceToHost), "memory");
  check_cuda(cudaMemcpy(edge.data() + kGuard, first + bytes, tail, cudaMemcpyDeviceToHost), "memory");
  return std::all_of(edge.begin(), edge.end(), [](unsigned char byte) { return byte == kSentinel; });
}

int Pool::damaged_blocks() {
  synchronize();
  for (const auto& [data, bytes] : guarded_blocks_) damaged_ += !sentinels_intact(data, bytes);
  return std::exchange(damaged_, 0);
}

void Pool::release(void* block, size_t bytes) noexcept {
  in_use_ -= round_up(bytes);
  size_t rounded = round_up(bytes);
  if (auto guarded = guarded_blocks_.find(block); guarded != guarded_blocks_.end()) {
    cudaStreamCaptureStatus capture{};
    cudaStreamIsCapturing(stream(), &capture);
    if (capture == cudaStreamCaptureStatusNone && cudaStreamSynchronize(stream()) == cudaSuccess)
      damaged_ += !sentinels_intact(block, bytes);
    guarded_blocks_.erase(guarded);
    block = static_cast<char*>(block) - kGuard;
    rounded += 2 * kGuard;
  }
  cached_[rounded].push_back(block);
}

PoolScope::PoolScope(Pool& pool) : previous_(innermost) { innermost = &pool; }
PoolScope::~PoolScope() { innermost = previous_; }

}  // namespace cucurbit
