#include "seed.h"

#include <cstdio>
#include <cstdlib>

#include "softgpu/mode.h"

/// Reads SOFTGPU_SEED.

namespace softgpu {
namespace {

uint64_t seed_from_environment() {
  const char* text = std::getenv("SOFTGPU_SEED");
  if (text == nullptr || *text == '\0') return 0;
  char* end = nullptr;
  const unsigned long long number = std::strtoull(text, &end, 10);
  if (*end == '\0' && *text != '-') return number;
  std::fprintf(stderr, "softgpu: SOFTGPU_SEED=%s: expected a non-negative integer\n", text);
  std::_Exit(2);
}

uint64_t& current_seed() {
  static uint64_t seed = seed_from_environment();
  return seed;
}

}  // namespace

uint64_t random_seed() { return current_seed(); }

void set_thread_order(uint64_t seed) { current_seed() = seed; }

}  // namespace softgpu
