#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <vector>

namespace cucurbit {

/// Caching allocator of device memory in stream order. A released block is reused at once: everything runs on one
/// stream, so later work cannot overtake the work that still uses it. One pool serves eager work; every captured graph
/// owns another, because nothing else may use its addresses between replays.
class Pool : public std::enable_shared_from_this<Pool> {
 public:
  ~Pool();
  Pool() = default;
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// The pool of the innermost PoolScope of this thread; without a PoolScope, a pool that exists as long as the
  /// program.
  static Pool& current();

  /// At least `bytes` of device memory, aligned to 256 bytes. Throws Error out_of_memory with the sizes requested, free
  /// and in use at the peak.
  void* allocate(size_t bytes);
  /// Takes back `block`, which allocate(bytes) returned, for reuse by work that is queued later.
  void release(void* block, size_t bytes) noexcept;

  /// Returns unused blocks to the device.
  void trim() noexcept;

  /// Bytes of the blocks in use, each rounded up to its size class, and the most that were in use at once.
  size_t in_use() const { return in_use_; }
  size_t peak() const { return peak_; }

  /// For tests: fills new blocks with 0xff (NaN) and puts 256 sentinel bytes on either side of each.
  void set_guarded(bool guarded) { guarded_ = guarded; }
  /// Number of blocks, live or released since the last call, whose sentinels were overwritten.
  int damaged_blocks();

 private:
  void* take(size_t rounded);
  bool sentinels_intact(void* base, size_t rounded) const;

  std::map<size_t, std::vector<void*>> cached_;
  std::map<void*, size_t> guarded_blocks_;
  size_t in_use_ = 0, peak_ = 0;
  bool guarded_ = false;
  int damaged_ = 0;
};

/// Makes `pool` the current pool of its thread while the scope exists.
class PoolScope {
 public:
  explicit PoolScope(Pool& pool);
  ~PoolScope();
  PoolScope(const PoolScope&) = delete;
  PoolScope& operator=(const PoolScope&) = delete;

 private:
  Pool* previous_;
};

/// A block of device memory, which the destructor returns to its pool.
class Storage {
 public:
  Storage(Pool& pool, size_t bytes) : pool_(pool.shared_from_this()), bytes_(bytes), data_(pool.allocate(bytes)) {}
  ~Storage() { pool_->release(data_, bytes_); }
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  std::shared_ptr<Pool> pool_;
  size_t bytes_;
  void* data_;
};

}  // namespace cucurbit
