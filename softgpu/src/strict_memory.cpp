#include <sys/mman.h>

#include "memory.h"
#include "strict.h"

namespace softgpu {
namespace {

/// How many DeviceAccess objects are alive. Guarded by memory_mutex().
int open_count = 0;

void open_all() {
  memory_map().protect_device(PROT_READ | PROT_WRITE);
  open_pinned();
}

void close_all() {
  memory_map().protect_device(PROT_NONE);
  close_pinned();
}

}  // namespace

bool device_memory_open() { return open_count > 0; }

DeviceAccess::DeviceAccess() {
  std::lock_guard lock(memory_mutex());
  if (open_count++ == 0) open_all();
}

DeviceAccess::~DeviceAccess() {
  std::lock_guard lock(memory_mutex());
  if (--open_count == 0) close_all();
}

HostAccess::HostAccess() {
  if (!strict()) return;
  std::lock_guard lock(memory_mutex());
  --open_count;
  close_all();
}

HostAccess::~HostAccess() {
  if (!strict()) return;
  std::lock_guard lock(memory_mutex());
  ++open_count;
  open_all();
}

}  // namespace softgpu
