#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace cucurbit {

/// Calls body(i) for 0 <= i < count on all cores; a thread that is free takes the next i. After an exception no further
/// calls begin, and it is thrown again here (of several, that of the lowest i).
template <class Body>
void parallel_for(int64_t count, const Body& body) {
  std::atomic<int64_t> next{0};
  std::mutex mutex;
  std::exception_ptr failure;
  int64_t failed = count;
  const auto work = [&] {
    for (int64_t i; (i = next++) < count;) {
      try {
        body(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (i < failed) failure = std::current_exception();
        failed = std::min(failed, i);
        next = count;
      }
    }
  };
  const auto cores = int64_t(std::max(1u, std::thread::hardware_concurrency()));
  std::vector<std::jthread> threads;
  for (int64_t t = 1; t < std::min(cores, count); ++t) threads.emplace_back(work);
  work();
  threads.clear();  // joins
  if (failure) std::rethrow_exception(failure);
}

}  // namespace cucurbit
