#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

#include "indices.h"
#include "wmma_fragment.h"

/// nvcuda::wmma for a host compiler, in thread mode. All 32 lanes of the warp must make each call that ends in _sync.
///
/// mma_sync takes products exactly and rounds the sum over k and C once, to the accumulator's type. Tensor cores round
/// and truncate more often: sums that the type cannot hold exactly may differ from a GPU's in their last places.

namespace nvcuda::wmma {

/// A lane's part of a matrix. Element-wise operations may be applied to x[0 .. num_elements).
template <class Use, int m, int n, int k, class T, class Layout = void>
requires(softgpu::wmma::elements<Use, m, n, k, T>() > 0 &&
         std::is_void_v<Layout> == softgpu::wmma::kAccumulates<Use>) class fragment {
 public:
  using element_type = T;
  using storage_element_type = typename softgpu::wmma::Storage<T>::type;
  static constexpr int num_elements = softgpu::wmma::elements<Use, m, n, k, T>();
  static constexpr int num_storage_elements = num_elements;

  storage_element_type x[num_elements];
};

/// Rounds to the 10 bits of a tf32's fraction, ties away from zero. mma_sync ignores the bits that this clears.
inline float __float_to_tf32(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return std::bit_cast<float>(0x7fffffffu);
  if ((bits & 0x7fffffffu) == 0x7f800000u) return value;
  return std::bit_cast<float>((bits + 0x1000u) & 0xffffe000u);
}

}  // namespace nvcuda::wmma

namespace softgpu::wmma {

/// CUDA's rules for a matrix in memory: it must start at a multiple of 32 bytes, and with elements of 2 or 4 bytes its
/// stride must be a multiple of 16 bytes.
template <class T>
void check_matrix(const T* matrix, unsigned stride, Site site) {
  if (reinterpret_cast<uintptr_t>(matrix) % 32 != 0)
    misuse("passes a wmma matrix that does not start at a multiple of 32 bytes", site);
  if ((sizeof(T) == 2 || sizeof(T) == 4) && stride * sizeof(T) % 16 != 0)
    misuse("passes a wmma matrix whose stride is not a multiple of 16 bytes", site);
}

/// The offset of this lane's element in memory, in elements.
template <class Use, int m, int n, int k, class T>
size_t memory_index(int element, unsigned stride, bool row_major_memory) {
  const MatrixPosition at = place<Use, m, n, k, T>(static_cast<int>(lane_index()), element);
  const auto row = static_cast<size_t>(at.row), column = static_cast<size_t>(at.column);
  return row_major_memory ? row * stride + column : column * stride + row;
}

// Functions that access memory are inlined, so that a checker names the caller.
template <class Use, int m, int n, int k, class T, class Layout>
[[gnu::always_inline]] inline void load(fragment<Use, m, n, k, T, Layout>& f, const typename Storage<T>::type* matrix,
                                        unsigned stride, bool row_major_memory, Site site) {
  meet_whole_warp(nullptr, nullptr, "wmma::load_matrix_sync", site);
  check_matrix(matrix, stride, site);
  for (int e = 0; e < f.num_elements; ++e) f.x[e] = matrix[memory_index<Use, m, n, k, T>(e, stride, row_major_memory)];
}

template <int m, int n, int k, class T>
inline constexpr WarpProduct kProduct{"wmma::mma_sync",
                                      m,
                                      n,
                                      k,
                                      elements<matrix_a, m, n, k, T>(),
                                      elements<matrix_b, m, n, k, T>(),
                                      m* n / kWarpLanes,
                                      place<matrix_a, m, n, k, T>,
                                      place<matrix_b, m, n, k, T>,
                                      place<accumulator, m, n, k, void>};

template <int m, int n, int k, class D, class T, class LayoutA, class LayoutB, class C>
void multiply(fragment<accumulator, m, n, k, D>& d, const fragment<matrix_a, m, n, k, T, LayoutA>& a,
              const fragment<matrix_b, m, n, k, T, LayoutB>& b, const fragment<accumulator, m, n, k, C>& c,
              bool saturate, Site site) {
  WarpProductLane lane;
  lane.product = &kProduct<m, n, k, T>;
  for (int e = 0; e < a.num_elements; ++e) lane.a[e] = factor<T>(a.x[e]);
  for (int e = 0; e < b.num_elements; ++e) lane.b[e] = factor<T>(b.x[e]);
  for (int e = 0; e < c.num_elements; ++e) lane.c[e] = c.x[e];
  multiply_in_warp(lane, site);
  for (int e = 0; e < d.num_elements; ++e) d.x[e] = rounded<D>(lane.c[e], saturate);
}

template <class T>
inline constexpr bool kBytes = std::is_same_v<T, signed char> || std::is_same_v<T, unsigned char>;

/// Whether mma_sync accumulates products of type T from C into D.
template <class T, class C, class D>
inline constexpr bool kAccepts =
    std::is_same_v<T, __half> ? !std::is_integral_v<C> && !std::is_integral_v<D>
                              : std::is_same_v<C, D> && std::is_same_v<T, double> == std::is_same_v<C, double> &&
                                    std::is_same_v<C, std::conditional_t<std::is_same_v<T, double>, double, float>>;

}  // namespace softgpu::wmma

namespace nvcuda::wmma {

template <class Use, int m, int n, int k, class T, class Layout>
void fill_fragment(
    fragment<Use, m, n, k, T, Layout>& f,
    const std::type_identity_t<typename fragment<Use, m, n, k, T, Layout>::storage_element_type>& value) {
  for (auto& x : f.x) x = value;
}

/// Loads a matrix of A or B; `stride` is the distance between its rows, or columns, in elements.
template <class Use, int m, int n, int k, class T, class Layout>
requires(!std::is_void_v<Layout>)
    [[gnu::always_inline]] inline void load_matrix_sync(fragment<Use, m, n, k, T, Layout>& f,
                                                        const typename softgpu::wmma::Storage<T>::type* matrix,
                                                        unsigned stride, softgpu::Site site = softgpu::Site::here()) {
  softgpu::wmma::load(f, matrix, stride, std::is_same_v<Layout, row_major>, site);
}
/// Loads an accumulator.
template <int m, int n, int k, class T>
[[gnu::always_inline]] inline void load_matrix_sync(fragment<accumulator, m, n, k, T>& f,
                                                    const std::type_identity_t<T>* matrix, unsigned stride,
                                                    layout_t layout, softgpu::Site site = softgpu::Site::here()) {
  softgpu::wmma::load(f, matrix, stride, layout == mem_row_major, site);
}

template <int m, int n, int k, class T>
[[gnu::always_inline]] inline void store_matrix_sync(std::type_identity_t<T>* matrix,
                                                     const fragment<accumulator, m, n, k, T>& f, unsigned stride,
                                                     layout_t layout, softgpu::Site site = softgpu::Site::here()) {
  softgpu::meet_whole_warp(nullptr, nullptr, "wmma::store_matrix_sync", site);
  softgpu::wmma::check_matrix(matrix, stride, site);
  const bool row_major_memory = layout == mem_row_major;
  for (int e = 0; e < f.num_elements; ++e)
    matrix[softgpu::wmma::memory_index<accumulator, m, n, k, T>(e, stride, row_major_memory)] = f.x[e];
}

/// d = a b + c; d may be c.
template <int m, int n, int k, class D, class T, class LayoutA, class LayoutB, class C>
requires(softgpu::wmma::kAccepts<T, C, D>) void mma_sync(fragment<accumulator, m, n, k, D>& d,
                                                         const fragment<matrix_a, m, n, k, T, LayoutA>& a,
                                                         const fragment<matrix_b, m, n, k, T, LayoutB>& b,
                                                         const fragment<accumulator, m, n, k, C>& c,
                                                         softgpu::Site site = softgpu::Site::here()) {
  softgpu::wmma::multiply(d, a, b, c, false, site);
}
/// Of bytes: sums wrap around, or stop at the limits of int if `saturate`.
template <int m, int n, int k, class T, class LayoutA, class LayoutB>
requires(softgpu::wmma::kBytes<T>) void mma_sync(fragment<accumulator, m, n, k, int>& d,
                                                 const fragment<matrix_a, m, n, k, T, LayoutA>& a,
                                                 const fragment<matrix_b, m, n, k, T, LayoutB>& b,
                                                 const fragment<accumulator, m, n, k, int>& c, bool saturate = false,
                                                 softgpu::Site site = softgpu::Site::here()) {
  softgpu::wmma::multiply(d, a, b, c, saturate, site);
}

}  // namespace nvcuda::wmma
