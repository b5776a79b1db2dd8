#pragma once

#include <cstdint>

#include "threads.h"

/// cp.async: asynchronous copies from global to shared memory. In thread mode a copy is deliberately not made before
/// its thread waits for it, so that a missing wait becomes visible; a copy that is never waited for is never made.
/// Checkers see the accesses as the caller's own. In fast mode copies are made immediately.

namespace softgpu {

struct AsyncCopy {
  void* to;
  const void* from;
  int bytes;         ///< 4, 8 or 16
  int source_bytes;  ///< the rest is filled with zeros
};

// The queue of the calling CUDA thread.
void queue_copy(const AsyncCopy& copy);
void commit_copies();
/// Takes the next copy of all groups except the `recent` latest committed ones; false when there is none.
bool next_copy(unsigned recent, AsyncCopy& copy);

template <class Word>
[[gnu::always_inline]] inline void copy_words(const AsyncCopy& copy) {
  using Alias [[gnu::may_alias]] = Word;
  auto* to = static_cast<Alias*>(copy.to);
  const auto* from = static_cast<const Alias*>(copy.from);
  for (int i = 0; i < copy.bytes / static_cast<int>(sizeof(Word)); ++i)
    to[i] = (i + 1) * static_cast<int>(sizeof(Word)) <= copy.source_bytes ? from[i] : Word{};
}

[[gnu::always_inline]] inline void make_copy(const AsyncCopy& copy) {
  if (copy.source_bytes % 8 == 0 && copy.bytes % 8 == 0)
    copy_words<uint64_t>(copy);
  else if (copy.source_bytes % 4 == 0)
    copy_words<uint32_t>(copy);
  else
    copy_words<uint8_t>(copy);
}

template <int kBytes>
[[gnu::always_inline]] inline void cp_async(void* to, const void* from, int source_bytes, Site site) {
  const AsyncCopy copy{to, from, kBytes, source_bytes};
  if (!on_fibers) return make_copy(copy);
  if ((reinterpret_cast<uintptr_t>(to) | reinterpret_cast<uintptr_t>(from)) % kBytes != 0)
    misuse("calls cp.async with an address that is not a multiple of the size", site);
  if (source_bytes < 0 || source_bytes > kBytes) misuse("calls cp.async with more source bytes than the size", site);
  queue_copy(copy);
}

/// Copies 16, 8 or 4 bytes: `source_bytes` bytes from `from`, and zeros for the rest, which is not read. Both addresses
/// must be multiples of the size. The copy belongs to the group that the thread commits next.
[[gnu::always_inline]] inline void cp_async_16(void* to, const void* from, int source_bytes = 16,
                                               Site site = Site::here()) {
  cp_async<16>(to, from, source_bytes, site);
}
[[gnu::always_inline]] inline void cp_async_8(void* to, const void* from, int source_bytes = 8,
                                              Site site = Site::here()) {
  cp_async<8>(to, from, source_bytes, site);
}
[[gnu::always_inline]] inline void cp_async_4(void* to, const void* from, int source_bytes = 4,
                                              Site site = Site::here()) {
  cp_async<4>(to, from, source_bytes, site);
}

/// Ends a group of this thread's copies; it may be empty.
inline void cp_async_commit() {
  if (on_fibers) commit_copies();
}

/// Waits for this thread's groups except the `recent` latest. Copies of other threads need a barrier after their waits.
[[gnu::always_inline]] inline void cp_async_wait_group(unsigned recent) {
  if (!on_fibers) return;
  AsyncCopy copy;
  while (next_copy(recent, copy)) make_copy(copy);
}
template <int kRecent>
[[gnu::always_inline]] inline void cp_async_wait_group() {
  cp_async_wait_group(kRecent);
}

/// Commits and waits for all of this thread's copies.
[[gnu::always_inline]] inline void cp_async_wait_all() {
  cp_async_commit();
  cp_async_wait_group(0);
}

}  // namespace softgpu
