#pragma once

#include <atomic>
#include <bit>
#include <type_traits>

#include "language.h"
#include "threads.h"

/// CUDA's atomics on global and shared memory. Blocks run on several OS threads, so these are true atomics; like the
/// device's they are relaxed, and return the value that was there before.

namespace softgpu {

/// Replaces *address by update(*address) as one step and returns the old value.
template <class T, class Update>
T atomic_update(T* address, Update update) {
  std::atomic_ref<T> target(*address);
  T old = target.load(std::memory_order_relaxed);
  while (!target.compare_exchange_weak(old, update(old), std::memory_order_relaxed)) {
  }
  return old;
}

/// A thread whose atomic operation changes nothing may be waiting for another thread of its block, so that one may run.
inline void give_way_if(bool unchanged) {
  if (on_fibers && unchanged) [[unlikely]]
    yield();
}

}  // namespace softgpu

#define SOFTGPU_INTEGER_ATOMICS(T)                                                                         \
  inline T atomicAdd(T* address, T value) {                                                                \
    softgpu::give_way_if(value == 0);                                                                      \
    return __atomic_fetch_add(address, value, __ATOMIC_RELAXED);                                           \
  }                                                                                                        \
  inline T atomicExch(T* address, T value) {                                                               \
    const T old = __atomic_exchange_n(address, value, __ATOMIC_RELAXED);                                   \
    softgpu::give_way_if(old == value);                                                                    \
    return old;                                                                                            \
  }                                                                                                        \
  inline T atomicAnd(T* address, T value) {                                                                \
    softgpu::give_way_if(value == static_cast<T>(-1));                                                     \
    return __atomic_fetch_and(address, value, __ATOMIC_RELAXED);                                           \
  }                                                                                                        \
  inline T atomicOr(T* address, T value) {                                                                 \
    softgpu::give_way_if(value == 0);                                                                      \
    return __atomic_fetch_or(address, value, __ATOMIC_RELAXED);                                            \
  }                                                                                                        \
  inline T atomicXor(T* address, T value) {                                                                \
    softgpu::give_way_if(value == 0);                                                                      \
    return __atomic_fetch_xor(address, value, __ATOMIC_RELAXED);                                           \
  }                                                                                                        \
  inline T atomicMin(T* address, T value) {                                                                \
    return softgpu::atomic_update(address, [value](T old) { return value < old ? value : old; });          \
  }                                                                                                        \
  inline T atomicMax(T* address, T value) {                                                                \
    return softgpu::atomic_update(address, [value](T old) { return old < value ? value : old; });          \
  }                                                                                                        \
  inline T atomicCAS(T* address, T expected, T value) {                                                    \
    const bool done =                                                                                      \
        __atomic_compare_exchange_n(address, &expected, value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED); \
    softgpu::give_way_if(!done);                                                                           \
    return expected;                                                                                       \
  }
SOFTGPU_INTEGER_ATOMICS(int)
SOFTGPU_INTEGER_ATOMICS(unsigned int)
SOFTGPU_INTEGER_ATOMICS(unsigned long long)
#undef SOFTGPU_INTEGER_ATOMICS

inline int atomicSub(int* address, int value) {
  softgpu::give_way_if(value == 0);
  return __atomic_fetch_sub(address, value, __ATOMIC_RELAXED);
}
inline unsigned atomicSub(unsigned* address, unsigned value) {
  softgpu::give_way_if(value == 0);
  return __atomic_fetch_sub(address, value, __ATOMIC_RELAXED);
}

inline float atomicAdd(float* address, float value) {
  return softgpu::atomic_update(address, [value](float old) { return old + value; });
}
inline double atomicAdd(double* address, double value) {
  return softgpu::atomic_update(address, [value](double old) { return old + value; });
}
inline float atomicExch(float* address, float value) {
  return softgpu::atomic_update(address, [value](float) { return value; });
}

/// Stores ((old >= limit) ? 0 : old + 1). Such a counter of finished blocks resets itself.
inline unsigned atomicInc(unsigned* address, unsigned limit) {
  return softgpu::atomic_update(address, [limit](unsigned old) { return old >= limit ? 0u : old + 1u; });
}
/// Stores ((old == 0 || old > limit) ? limit : old - 1).
inline unsigned atomicDec(unsigned* address, unsigned limit) {
  return softgpu::atomic_update(address, [limit](unsigned old) { return old == 0 || old > limit ? limit : old - 1u; });
}
