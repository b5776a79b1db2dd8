#include "leak.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <map>

#include "address_note.h"
#include "memory.h"
#include "threads/address_sanitizer.h"

/// Reports device memory that is still allocated at exit.

namespace softgpu {

const int leak_check_anchor = 0;

namespace {

struct Leak {
  size_t bytes = 0, count = 0;
};

/// The device memory that the user has not freed, by the call that allocated it. Memory of graphs is freed with them.
std::map<const void*, Leak> find_leaks() {
  std::map<const void*, Leak> leaks;
  std::lock_guard lock(memory_mutex());
  memory_map().for_each([&](const Allocation& block) {
    if (!block.live || block.kind == MemoryKind::host || block.graph != nullptr) return;
    Leak& leak = leaks[block.site];
    leak.bytes += block.bytes;
    ++leak.count;
  });
  return leaks;
}

void report_leak(const void* site, const Leak& leak) {
  const std::string message = std::to_string(leak.bytes) + " bytes of device memory in " + std::to_string(leak.count) +
                              (leak.count == 1 ? " allocation were never freed" : " allocations were never freed");
  report_finding({"memcheck", "leak", message, "", {party_at("allocated", site)}, "free the memory with cudaFree"});
}

void check_at_exit(int status, void*) {
  const char* text = std::getenv("SOFTGPU_LEAKS");
  const bool asked = text != nullptr && text[0] == '1';
  if (!asked && (text != nullptr || !has_address_sanitizer())) return;
  const auto leaks = find_leaks();
  for (const auto& [site, leak] : leaks) report_leak(site, leak);
  if (!asked || leaks.empty() || status != 0) return;
  std::fflush(nullptr);
  _exit(1);
}

/// Exit runs its handlers in reverse order. This one is registered before any object of the program is constructed, so
/// it runs after all of them have been destroyed.
[[gnu::constructor(101)]] void register_check() { on_exit(check_at_exit, nullptr); }

}  // namespace
}  // namespace softgpu
