#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "order.h"
#include "softgpu/launch.h"

/// Strict mode (SOFTGPU_STRICT=1). Work is deferred until something synchronises with it, and the host is kept away
/// from memory of the device: it may access device memory only through copies, and pinned memory only while no pending
/// work uses it.

namespace softgpu {

bool read_strict_setting();
/// Whether SOFTGPU_STRICT=1; read once.
inline bool strict() {
  static const bool on = read_strict_setting();
  return on;
}

/// Memory that an operation accesses.
struct Use {
  static constexpr size_t kToTheEnd = ~size_t{0};  ///< all bytes up to the end of the allocation

  const void* address;
  size_t bytes;
  bool written;
};

/// What is known about an operation when it is enqueued, for the protection of pinned memory and for messages.
struct Submission {
  const char* call = "";         ///< name of the API function or of the vendor routine
  const void* kernel = nullptr;  ///< for launches
  const void* site = nullptr;    ///< return address of the call
  std::vector<Use> uses;
};

Submission submission_of(const KernelCall& call, const void* site);

// --- Deferred work: strict_queue.cpp. Callers hold device_mutex() ---------------------------------------------------

/// Queues `work`. If the queue is full, its oldest work runs first, and an error of that work is returned.
cudaError_t defer(Order order, Submission submission, std::function<void()> work);
/// Whether all of `seen` has run.
bool complete(const Seen& seen);
/// Runs work in a legal order until all of `seen` has run; work that it does not depend on may run too. Returns the
/// first error. When the device fails, everything that is queued is dropped.
cudaError_t run_until(const Seen& seen);
/// Makes some progress, at least one operation, like a GPU in the course of time. Returns the first error.
cudaError_t run_some(const Seen& seen);
void drop_pending();
/// Whether the calling thread is inside an operation of the device.
bool inside_operation();
/// Runs `work` as operation `order` on the calling thread. What `work` enqueues is part of the operation. `site` is the
/// return address of the call that asked for it.
cudaError_t run_operation(const Order& order, const void* site, const std::function<void()>& work);

// --- Access to memory: strict_memory.cpp, strict_pinned.cpp --------------------------------------------------------

/// While an object lives, device work may run: it can access pinned memory that queued work uses and, through
/// open_device_memory(), device memory.
class DeviceAccess {
 public:
  DeviceAccess();
  ~DeviceAccess();
  DeviceAccess(const DeviceAccess&) = delete;
  DeviceAccess& operator=(const DeviceAccess&) = delete;
};

/// While an object lives inside a DeviceAccess, host code runs. Does nothing outside of strict mode.
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
/// For the fault handler: permits the access to `address` if device work accesses an allocation there.
bool open_device_memory(const void* address);
// The allocations that an operation is known to access. Callers hold memory_mutex().
std::vector<const void*> allocations_of(const Submission& submission);
void open_allocations(const std::vector<const void*>& allocations);

// Uses of pinned memory by queued work. Callers hold memory_mutex().
void add_pinned_uses(uint64_t operation, const Submission& submission);
void remove_pinned_uses(uint64_t operation);
void forget_pinned_uses();
void open_pinned();
void close_pinned();

/// A use by queued work that conflicts with the host's access to `address`; null when there is none.
struct PinnedUse {
  uint64_t operation;
  uintptr_t begin, end;
  bool written;
  const char* call;
  const void* kernel;
  const void* site;
};
const PinnedUse* conflicting_use(const void* address, bool is_write);
/// Lets the host access the page of `address` until device work runs again.
void release_page(const void* address);

// --- Faults: strict_fault.cpp ---------------------------------------------------------------------------------------

/// Reports a fault at `address`. Returns true if the access may be repeated, which is the case for a conflict over
/// pinned memory. Returns false for an access of the host to device memory, or of device work to memory that is not
/// allocated.
bool strict_fault(const void* address, const void* pc, bool is_write);

}  // namespace softgpu
