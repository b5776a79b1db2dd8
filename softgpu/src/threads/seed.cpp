#include "seed.h"

#include <cstdio>
#include <cstdlib>

namespace softgpu {
namespace {

uint64_t seed_from_environment() {
  const char* text = std::getenv("SOFTGPU_SEED");
  if (text == nullptr || *text == '\0') return 0;
  char* end = nullptr;
  const unsigned long long number = std::strtoull(text, &end, 10);
  if (*end == '\0' && *text != '-') return number;
  std::fprintf(stderr, "softgpu: SOFTGPU_SEED=%s is not a number\n", text);
  std::_Exit(2);
}

}  // namespace

uint64_t random_seed() {
  static const uint64_t seed = seed_from_environment();
  return seed;
}

}  // namespace softgpu
