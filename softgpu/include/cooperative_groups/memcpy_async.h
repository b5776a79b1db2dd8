#pragma once

#include <cstddef>
#include <cstdint>

#include "../cooperative_groups.h"
#include "../softgpu/cp_async.h"

namespace cooperative_groups {

namespace detail {

/// Copies the thread's share in pieces of kBytes bytes. The rest is left to the caller.
template <int kBytes, class Group>
[[gnu::always_inline]] inline size_t copy_pieces(const Group& group, char* to, const char* from, size_t begin,
                                                 size_t bytes, Site site) {
  if ((reinterpret_cast<uintptr_t>(to) | reinterpret_cast<uintptr_t>(from)) % kBytes != 0) return begin;
  const size_t end = bytes / kBytes * kBytes;
  for (size_t i = begin + group.thread_rank() * kBytes; i < end; i += group.num_threads() * kBytes)
    softgpu::cp_async<kBytes>(to + i, from + i, kBytes, site);
  return end;
}

}  // namespace detail

/// The threads of the group copy `bytes` bytes together and commit the copies, which are complete after wait(). Pieces
/// that are not aligned as cp.async requires are copied immediately.
template <class Group>
[[gnu::always_inline]] inline void memcpy_async(const Group& group, void* dst, const void* src, size_t bytes,
                                                Site site = Site::here()) {
  auto* to = static_cast<char*>(dst);
  const auto* from = static_cast<const char*>(src);
  size_t done = detail::copy_pieces<16>(group, to, from, 0, bytes, site);
  done = detail::copy_pieces<4>(group, to, from, done, bytes, site);
  for (size_t i = done + group.thread_rank(); i < bytes; i += group.num_threads()) to[i] = from[i];
  softgpu::cp_async_commit();
}

/// Waits for all copies of the group except the kRecent latest.
template <unsigned kRecent, class Group>
[[gnu::always_inline]] inline void wait_prior(const Group& group, Site site = Site::here()) {
  softgpu::cp_async_wait_group(kRecent);
  group.sync(site);
}
template <class Group>
[[gnu::always_inline]] inline void wait(const Group& group, Site site = Site::here()) {
  wait_prior<0>(group, site);
}

}  // namespace cooperative_groups
