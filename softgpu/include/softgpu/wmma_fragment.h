#pragma once

#include <type_traits>

#include "../cuda_bf16.h"
#include "half.h"
#include "warp_matrix.h"

/// Fragments of nvcuda::wmma: types, shapes, and where a lane's elements lie in the matrix.
///
/// CUDA does not specify these places. Here A and B are distributed row by row, repeatedly where the fragments have
/// more room. Accumulators follow mma.m16n8: two such tiles side by side for 16x16, one above the other for 32x8, and
/// the transpose of these for 8x32.

namespace nvcuda::wmma {

struct matrix_a;
struct matrix_b;
struct accumulator;
struct row_major;
struct col_major;
enum layout_t { mem_row_major, mem_col_major };
namespace precision {
struct tf32;
}

}  // namespace nvcuda::wmma

namespace softgpu::wmma {

using namespace nvcuda::wmma;

template <class T>
struct Storage {
  using type = T;
};
template <>
struct Storage<precision::tf32> {
  using type = float;
};

template <class Use>
inline constexpr bool kAccumulates = std::is_same_v<Use, accumulator>;

template <class Use, int m, int n, int k>
inline constexpr int kRows = std::is_same_v<Use, matrix_b> ? k : m;
template <class Use, int m, int n, int k>
inline constexpr int kColumns = std::is_same_v<Use, matrix_a> ? k : n;

/// Elements of a fragment; 0 where CUDA has no such fragment.
template <class Use, int m, int n, int k, class T>
consteval int elements() {
  constexpr bool kShort = k == 16 && ((m == 16 && n == 16) || (m == 32 && n == 8) || (m == 8 && n == 32));
  constexpr bool kTf32 = m == 16 && n == 16 && k == 8, kDouble = m == 8 && n == 8 && k == 4;
  const auto is = [](auto... types) { return (std::is_same_v<T, typename decltype(types)::type> || ...); };
  using Half = std::type_identity<__half>;
  using Float = std::type_identity<float>;
  const int share = kRows<Use, m, n, k> * kColumns<Use, m, n, k> / softgpu::kWarpLanes;
  if (kDouble) return is(std::type_identity<double>{}) ? share : 0;
  if (kAccumulates<Use>)
    return (kShort && is(Half{}, Float{}, std::type_identity<int>{})) || (kTf32 && is(Float{})) ? share : 0;
  if (kTf32) return is(std::type_identity<precision::tf32>{}) ? share : 0;
  if (!kShort) return 0;
  if (is(Half{})) return 16;  // whatever the shape
  using Bfloat16 = std::type_identity<__nv_bfloat16>;
  return is(Bfloat16{}, std::type_identity<signed char>{}, std::type_identity<unsigned char>{}) ? share : 0;
}

template <class Use, int m, int n, int k, class T>
constexpr softgpu::MatrixPosition place(int lane, int element) {
  constexpr int kHeight = kRows<Use, m, n, k>, kWidth = kColumns<Use, m, n, k>;
  if constexpr (kAccumulates<Use>) {
    const softgpu::MatrixPosition in_tile = softgpu::mma_place_c(lane, element % 4);
    const int tile = element / 4;
    if (kHeight == 32) return {in_tile.row + 16 * tile, in_tile.column};
    if (kWidth == 32) return {in_tile.column, in_tile.row + 16 * tile};
    return {in_tile.row, in_tile.column + 8 * tile};
  }
  const int index = (lane * elements<Use, m, n, k, T>() + element) % (kHeight * kWidth);
  return {index / kWidth, index % kWidth};
}

/// The value that tensor cores use for an element of A or B.
template <class T>
double factor(typename Storage<T>::type value) {
  if constexpr (std::is_same_v<T, precision::tf32>)
    return softgpu::tf32_value(__builtin_bit_cast(uint32_t, value));
  else if constexpr (std::is_same_v<T, double>)
    return value;
  else if constexpr (std::is_integral_v<T>)
    return value;
  else
    return float(value);
}

/// A sum, rounded to the accumulator type T.
template <class T>
T rounded(double sum, bool saturate) {
  if constexpr (std::is_same_v<T, double>) return sum;
  if constexpr (std::is_same_v<T, float>) return softgpu::accumulator_float(sum);
  if constexpr (std::is_same_v<T, __half>) return __half(sum);
  if constexpr (std::is_same_v<T, int>) {
    if (saturate && sum > 2147483647.0) return 2147483647;
    if (saturate && sum < -2147483648.0) return -2147483647 - 1;
    return static_cast<int>(static_cast<long long>(sum));
  }
}

}  // namespace softgpu::wmma
