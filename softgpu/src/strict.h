#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "order.h"
#include "softgpu/launch.h"

/// SOFTGPU_STRICT=1: work is deferred until something synchronises with it, and host and device memory are apart: the
/// host may touch device memory only through copies, and pinned memory only while no pending work needs it.

namespace softgpu {

bool read_strict_setting();
/// Whether SOFTGPU_STRICT=1; read once.
inline bool strict() {
  static const bool on = read_strict_setting();
  return on;
}

/// Memory that an operation touches.
struct Use {
  static constexpr size_t kToTheEnd = ~size_t{0};  ///< as many bytes as the allocation still has

  const void* address;
  size_t bytes;
  bool written;
};

/// What is known of an operation when it is enqueued: for the protection of pinned memory, and for messages.
struct Submission {
  const char* call = "";         ///< the function of the API, or of a vendor library
  const void* kernel = nullptr;  ///< for launches
  const void* site = nullptr;    ///< return address of the call
  std::vector<Use> uses;
};

Submission submission_of(const KernelCall& call, const void* site);

// --- Deferred work: strict_queue.cpp. Callers hold device_mutex() ---------------------------------------------------

/// Queues `work`. A queue that is full runs its oldest work first and returns what went wrong there.
cudaError_t defer(Order order, Submission submission, std::function<void()> work);
/// Whether all of `seen` has run.
bool complete(const Seen& seen);
/// Runs work in a legal order until all of `seen` has run; work that it does not depend on may run too. Returns the
/// first error. When the device fails, everything that is queued is dropped.
cudaError_t run_until(const Seen& seen);
/// Makes some progress, one operation at least, as time passing on a GPU would. Returns the first error.
cudaError_t run_some(const Seen& seen);
void drop_pending();
/// Whether the calling thread is inside an operation of the device.
bool inside_operation();
/// Runs `work` as operation `order` on the calling thread: what it enqueues itself is part of it. `site`: who asked.
cudaError_t run_operation(const Order& order, const void* site, const std::function<void()>& work);

// --- Who may touch memory: strict_memory.cpp, strict_pinned.cpp ----------------------------------------------------

/// While one lives, device work may run: pinned memory that queued work uses can be touched, and device memory through
/// open_device_memory().
class DeviceAccess {
 public:
  DeviceAccess();
  ~DeviceAccess();
  DeviceAccess(const DeviceAccess&) = delete;
  DeviceAccess& operator=(const DeviceAccess&) = delete;
};

/// Inside a DeviceAccess: while one lives, host code runs. Does nothing outside of strict mode.
class HostAccess {
 public:
  HostAccess();
  ~HostAccess();
  HostAccess(const HostAccess&) = delete;
  HostAccess& operator=(const HostAccess&) = delete;

 private:
  std::vector<const void*> closed_;
};

/// Whether a DeviceAccess is alive, on any thread. The caller holds memory_mutex().
bool device_memory_open();
/// For the handler of faults: makes the access to `address` possible if it is one of device work to an allocation.
bool open_device_memory(const void* address);
// What an operation is known to touch; callers hold memory_mutex().
std::vector<const void*> allocations_of(const Submission& submission);
void open_allocations(const std::vector<const void*>& allocations);

// Uses of pinned memory by queued work; callers hold memory_mutex().
void add_pinned_uses(uint64_t operation, const Submission& submission);
void remove_pinned_uses(uint64_t operation);
void forget_pinned_uses();
void open_pinned();
void close_pinned();

/// A use by queued work that the host's access to `address` meets; null when there is none.
struct PinnedUse {
  uint64_t operation;
  uintptr_t begin, end;
  bool written;
  const char* call;
  const void* kernel;
  const void* site;
};
const PinnedUse* conflicting_use(const void* address, bool is_write);
/// Lets the host touch the page of `address` until the next device work.
void release_page(const void* address);

// --- Faults: strict_fault.cpp ---------------------------------------------------------------------------------------

/// Judges a fault at `address`. Returns true when it dealt with it, so that the access may be tried again: a conflict
/// over pinned memory, which is reported. An access of the host to device memory is reported too, but false returned.
bool strict_fault(const void* address, const void* pc, bool is_write);

}  // namespace softgpu
