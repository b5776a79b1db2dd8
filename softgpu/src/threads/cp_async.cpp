#include "cp_async.h"

#include "block.h"

/// The queues of asynchronous copies of a block.

namespace softgpu {

AsyncCopies::Queue& AsyncCopies::of(unsigned thread) {
  if (queues_.size() <= thread) queues_.resize(thread + 1);
  used_ = true;
  return queues_[thread];
}

void AsyncCopies::clear_used() {
  for (Queue& queue : queues_) {
    queue.copies.clear();
    queue.group_ends.clear();
    queue.taken = 0;
  }
  used_ = false;
}

void AsyncCopies::add(unsigned thread, const AsyncCopy& copy) { of(thread).copies.push_back(copy); }

void AsyncCopies::commit(unsigned thread) {
  Queue& queue = of(thread);
  queue.group_ends.push_back(queue.copies.size());
}

bool AsyncCopies::take(unsigned thread, unsigned recent, AsyncCopy& copy) {
  Queue& queue = of(thread);
  const size_t groups = queue.group_ends.size();
  if (groups <= recent) return false;
  if (queue.taken < queue.group_ends[groups - 1 - recent]) {
    copy = queue.copies[queue.taken++];
    return true;
  }
  // Copies that have been made are dropped from the queue, so that it does not grow in a pipeline that never drains.
  queue.copies.erase(queue.copies.begin(), queue.copies.begin() + static_cast<std::ptrdiff_t>(queue.taken));
  queue.group_ends.erase(queue.group_ends.begin(), queue.group_ends.end() - recent);
  for (size_t& end : queue.group_ends) end -= queue.taken;
  queue.taken = 0;
  return false;
}

void queue_copy(const AsyncCopy& copy) { Block::running()->async_copies().add(Block::running()->current(), copy); }

void commit_copies() { Block::running()->async_copies().commit(Block::running()->current()); }

bool next_copy(unsigned recent, AsyncCopy& copy) {
  return Block::running()->async_copies().take(Block::running()->current(), recent, copy);
}

}  // namespace softgpu
