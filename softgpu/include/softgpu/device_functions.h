#pragma once

#include <bit>
#include <cassert>
#include <climits>
#include <cmath>
#include <cstdint>

#include "language.h"
#include "threads.h"

/// Functions that nvcc provides in device code: barriers, fences and intrinsics. Warp operations are in
/// warp_functions.h, atomics in atomic_functions.h.

// --- Barriers and fences -------------------------------------------------------------------------------------------
// In fast mode a block has one thread, which need not wait for others.

inline void __syncthreads(softgpu::Site site = softgpu::Site::here()) {
  if (softgpu::on_fibers) [[unlikely]]
    softgpu::block_barrier(softgpu::BarrierVote::none, 0, site);
}
inline int __syncthreads_and(int predicate, softgpu::Site site = softgpu::Site::here()) {
  if (!softgpu::on_fibers) return predicate != 0;
  return softgpu::block_barrier(softgpu::BarrierVote::all, predicate, site);
}
inline int __syncthreads_or(int predicate, softgpu::Site site = softgpu::Site::here()) {
  if (!softgpu::on_fibers) return predicate != 0;
  return softgpu::block_barrier(softgpu::BarrierVote::any, predicate, site);
}
inline int __syncthreads_count(int predicate, softgpu::Site site = softgpu::Site::here()) {
  if (!softgpu::on_fibers) return predicate != 0;
  return softgpu::block_barrier(softgpu::BarrierVote::count, predicate, site);
}

// racecheck distinguishes the scope of a fence by its memory order.
inline void __threadfence() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
inline void __threadfence_block() { __atomic_thread_fence(__ATOMIC_ACQ_REL); }
inline void __threadfence_system() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

/// Lets other threads of the block run, without waiting for the given time.
inline void __nanosleep(unsigned) {
  if (softgpu::on_fibers) softgpu::yield();
}
[[noreturn]] inline void __trap() { __builtin_trap(); }

// --- Loads and stores with a cache hint ----------------------------------------------------------------------------

template <class T>
T __ldg(const T* p) {
  return *p;
}
template <class T>
T __ldcg(const T* p) {
  return *p;
}
template <class T>
T __ldcs(const T* p) {
  return *p;
}
template <class T>
void __stcg(T* p, T value) {
  *p = value;
}
template <class T>
void __stcs(T* p, T value) {
  *p = value;
}

// --- Bits ----------------------------------------------------------------------------------------------------------

inline int __popc(unsigned x) { return std::popcount(x); }
inline int __popcll(unsigned long long x) { return std::popcount(x); }
inline int __clz(int x) { return std::countl_zero(static_cast<unsigned>(x)); }
inline int __clzll(long long x) { return std::countl_zero(static_cast<unsigned long long>(x)); }
inline int __ffs(int x) { return x == 0 ? 0 : std::countr_zero(static_cast<unsigned>(x)) + 1; }
inline int __ffsll(long long x) { return x == 0 ? 0 : std::countr_zero(static_cast<unsigned long long>(x)) + 1; }
inline unsigned __brev(unsigned x) {
  x = (x >> 1 & 0x55555555u) | (x & 0x55555555u) << 1;
  x = (x >> 2 & 0x33333333u) | (x & 0x33333333u) << 2;
  x = (x >> 4 & 0x0f0f0f0fu) | (x & 0x0f0f0f0fu) << 4;
  return __builtin_bswap32(x);
}
inline unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned>((uint64_t{a} * b) >> 32); }
inline int __mulhi(int a, int b) { return static_cast<int>((int64_t{a} * b) >> 32); }
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  return static_cast<unsigned long long>((static_cast<unsigned __int128>(a) * b) >> 64);
}

inline unsigned __float_as_uint(float x) { return std::bit_cast<unsigned>(x); }
inline float __uint_as_float(unsigned x) { return std::bit_cast<float>(x); }
inline int __float_as_int(float x) { return std::bit_cast<int>(x); }
inline float __int_as_float(int x) { return std::bit_cast<float>(x); }
inline long long __double_as_longlong(double x) { return std::bit_cast<long long>(x); }
inline double __longlong_as_double(long long x) { return std::bit_cast<double>(x); }

// --- Arithmetic ----------------------------------------------------------------------------------------------------

inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }
inline double rsqrt(double x) { return 1.0 / std::sqrt(x); }
inline float __frcp_rn(float x) { return 1.0f / x; }
inline float __fsqrt_rn(float x) { return std::sqrt(x); }
inline float __fdividef(float a, float b) { return a / b; }
/// Clamps to [0, 1]; NaN becomes 0, as on the device.
inline float __saturatef(float x) { return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f; }

// nvcc declares min and max of integers at global scope. Floating-point code must choose between fminf and a
// comparison, because the two treat NaN differently.
#define SOFTGPU_MIN_MAX(T)                            \
  constexpr T min(T a, T b) { return b < a ? b : a; } \
  constexpr T max(T a, T b) { return a < b ? b : a; }
SOFTGPU_MIN_MAX(int)
SOFTGPU_MIN_MAX(unsigned int)
SOFTGPU_MIN_MAX(long)
SOFTGPU_MIN_MAX(unsigned long)
SOFTGPU_MIN_MAX(long long)
SOFTGPU_MIN_MAX(unsigned long long)
#undef SOFTGPU_MIN_MAX
