#include <cstddef>
#include <cstdint>

#include "record.h"

/// The functions that code compiled with -fsanitize=thread calls at its loads and stores. The place of the access is
/// not among their arguments; it is found from their return address.

namespace softgpu::check {
namespace {

template <Effect kEffect>
constexpr uint64_t kFlags = kEffect == Effect::write ? kWrite : 0;

// Not inlined, so that in host code the calling function returns before it saves any registers.

template <Effect kEffect, unsigned kBytes>
[[gnu::noinline]] void plain(const void* p, const void* code) {
  record<kEffect, false>(reinterpret_cast<uintptr_t>(p), kBytes, code, kFlags<kEffect>);
}

/// Volatile accesses count as atomic ones.
template <Effect kEffect, unsigned kBytes>
[[gnu::noinline]] void as_atomic(const void* p, const void* code) {
  const auto address = reinterpret_cast<uintptr_t>(p);
  record<kEffect, true>(address, kBytes, code, kFlags<kEffect> | kAtomic | kVolatile);
  atomic_access(address, is_shared(address), kEffect == Effect::read ? AtomicKind::load : AtomicKind::store);
}

template <Effect kEffect>
void range(const void* p, size_t bytes, const void* code) {
  if (recording) record_range<kEffect>(reinterpret_cast<uintptr_t>(p), bytes, code, kFlags<kEffect>);
}

}  // namespace
}  // namespace softgpu::check

using softgpu::check::Effect;
using softgpu::check::recording;

#define SOFTGPU_ACCESS(name, how, effect, bytes)                                               \
  void __tsan_##name##bytes(void* p) {                                                         \
    if (recording) softgpu::check::how<Effect::effect, bytes>(p, __builtin_return_address(0)); \
  }
#define SOFTGPU_ACCESSES(bytes)                         \
  SOFTGPU_ACCESS(read, plain, read, bytes)              \
  SOFTGPU_ACCESS(write, plain, write, bytes)            \
  SOFTGPU_ACCESS(volatile_read, as_atomic, read, bytes) \
  SOFTGPU_ACCESS(volatile_write, as_atomic, write, bytes)
// The compiler calls these where it does not know the alignment; the accesses may be aligned all the same.
#define SOFTGPU_UNALIGNED_ACCESSES(bytes)                         \
  SOFTGPU_ACCESS(unaligned_read, plain, read, bytes)              \
  SOFTGPU_ACCESS(unaligned_write, plain, write, bytes)            \
  SOFTGPU_ACCESS(unaligned_volatile_read, as_atomic, read, bytes) \
  SOFTGPU_ACCESS(unaligned_volatile_write, as_atomic, write, bytes)

extern "C" {

SOFTGPU_ACCESSES(1)
SOFTGPU_ACCESSES(2)
SOFTGPU_ACCESSES(4)
SOFTGPU_ACCESSES(8)
SOFTGPU_ACCESSES(16)
SOFTGPU_UNALIGNED_ACCESSES(2)
SOFTGPU_UNALIGNED_ACCESSES(4)
SOFTGPU_UNALIGNED_ACCESSES(8)
SOFTGPU_UNALIGNED_ACCESSES(16)

void __tsan_read_range(void* p, size_t bytes) {
  softgpu::check::range<Effect::read>(p, bytes, __builtin_return_address(0));
}
void __tsan_write_range(void* p, size_t bytes) {
  softgpu::check::range<Effect::write>(p, bytes, __builtin_return_address(0));
}
void __tsan_vptr_update(void* p, void*) {
  if (recording) softgpu::check::plain<Effect::write, 8>(p, __builtin_return_address(0));
}

void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}

}  // extern "C"
