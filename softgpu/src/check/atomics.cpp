#include <cstdint>

#include "record.h"

/// The functions that code compiled with -fsanitize=thread calls for its atomics. They perform the operation, in host
/// code too, and record it if a CUDA thread is running. The operation itself always uses the strongest memory order.

namespace softgpu::check {
namespace {

bool acquires(int order) { return order != __ATOMIC_RELAXED && order != __ATOMIC_RELEASE; }
bool releases(int order) { return order >= __ATOMIC_RELEASE; }

/// A relaxed atomic, such as those of CUDA, orders nothing by itself. One with a stronger order counts as a relaxed one
/// with fences around it.
template <Effect kEffect>
void note(const volatile void* p, unsigned bytes, int order, const void* code) {
  if (!recording) return;
  constexpr AtomicKind kKind = kEffect == Effect::read    ? AtomicKind::load
                               : kEffect == Effect::write ? AtomicKind::store
                                                          : AtomicKind::update;
  const auto address = reinterpret_cast<uintptr_t>(p);
  if (kEffect != Effect::read && releases(order)) release_before_atomic(/*device=*/true);
  record<kEffect, true>(address, bytes, code, kAtomic | (kEffect == Effect::read ? 0 : kWrite));
  atomic_access(address, is_shared(address), kKind);
  if (kEffect != Effect::write && acquires(order)) acquire_after_atomic();
}

/// Compiles to one instruction of the processor for 16 bytes as well, without a call of libatomic.
template <class T>
__attribute__((target("cx16"))) T exchange_if(volatile T* p, T expected, T value) {
  return __sync_val_compare_and_swap(p, expected, value);
}

template <class T>
T load(const volatile T* p) {
  if constexpr (sizeof(T) == 16) return exchange_if(const_cast<volatile T*>(p), T(0), T(0));
  return __atomic_load_n(p, __ATOMIC_SEQ_CST);
}

/// Replaces *p by update(*p) and returns the old value.
template <class T, class Update>
T replace(volatile T* p, Update update) {
  T old = load(p);
  while (true) {
    const T found = exchange_if(p, old, static_cast<T>(update(old)));
    if (found == old) return old;
    old = found;
  }
}

template <class T>
bool compare_exchange(volatile T* p, T* expected, T value, int order, const void* code) {
  const T found = exchange_if(p, *expected, value);
  const bool same = found == *expected;
  *expected = found;
  if (same) {
    note<Effect::update>(p, sizeof(T), order, code);
  } else {
    note<Effect::read>(p, sizeof(T), order, code);
  }
  return same;
}

}  // namespace
}  // namespace softgpu::check

using softgpu::check::Effect;

#define SOFTGPU_CODE __builtin_return_address(0)

#define SOFTGPU_UPDATE(bits, T, name, expression)                                              \
  T __tsan_atomic##bits##_##name(volatile T* p, T value, int order) {                          \
    softgpu::check::note<Effect::update>(p, sizeof(T), order, SOFTGPU_CODE);                   \
    return softgpu::check::replace(p, [value]([[maybe_unused]] T old) { return expression; }); \
  }

#define SOFTGPU_ATOMICS(bits, T)                                                                            \
  T __tsan_atomic##bits##_load(const volatile T* p, int order) {                                            \
    softgpu::check::note<Effect::read>(p, sizeof(T), order, SOFTGPU_CODE);                                  \
    return softgpu::check::load(p);                                                                         \
  }                                                                                                         \
  void __tsan_atomic##bits##_store(volatile T* p, T value, int order) {                                     \
    softgpu::check::note<Effect::write>(p, sizeof(T), order, SOFTGPU_CODE);                                 \
    softgpu::check::replace(p, [value](T) { return value; });                                               \
  }                                                                                                         \
  bool __tsan_atomic##bits##_compare_exchange_strong(volatile T* p, T* expected, T value, int order, int) { \
    return softgpu::check::compare_exchange(p, expected, value, order, SOFTGPU_CODE);                       \
  }                                                                                                         \
  bool __tsan_atomic##bits##_compare_exchange_weak(volatile T* p, T* expected, T value, int order, int) {   \
    return softgpu::check::compare_exchange(p, expected, value, order, SOFTGPU_CODE);                       \
  }                                                                                                         \
  SOFTGPU_UPDATE(bits, T, exchange, value)                                                                  \
  SOFTGPU_UPDATE(bits, T, fetch_add, old + value)                                                           \
  SOFTGPU_UPDATE(bits, T, fetch_sub, old - value)                                                           \
  SOFTGPU_UPDATE(bits, T, fetch_and, old& value)                                                            \
  SOFTGPU_UPDATE(bits, T, fetch_or, old | value)                                                            \
  SOFTGPU_UPDATE(bits, T, fetch_xor, old ^ value)                                                           \
  SOFTGPU_UPDATE(bits, T, fetch_nand, ~(old & value))

extern "C" {

SOFTGPU_ATOMICS(8, uint8_t)
SOFTGPU_ATOMICS(16, uint16_t)
SOFTGPU_ATOMICS(32, uint32_t)
SOFTGPU_ATOMICS(64, uint64_t)
__extension__ typedef unsigned __int128 softgpu_uint128;
SOFTGPU_ATOMICS(128, softgpu_uint128)

/// The memory order tells the two fences apart: __threadfence is sequentially consistent, __threadfence_block is not.
void __tsan_atomic_thread_fence(int order) {
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  if (softgpu::check::recording) softgpu::check::fence(order == __ATOMIC_SEQ_CST);
}

void __tsan_atomic_signal_fence(int) {}

}  // extern "C"
