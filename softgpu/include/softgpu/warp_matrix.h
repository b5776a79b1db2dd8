#pragma once

#include <cstdint>

#include "threads.h"

/// The parts that tensor-core instructions are made of. They need all 32 lanes of a warp and so work in thread mode
/// only. In fast mode, where a warp is one lane, each of them fails the launch with a message that names it.

namespace softgpu {

/// Waits for all 32 lanes of the warp and lets the last one call `combine`, if there is one. Reports misuse where a
/// lane is missing. `what` names the operation.
void meet_whole_warp(void* lane, Combine combine, const char* what, Site site);

struct MatrixPosition {
  int row, column;
};

/// A product D = A B + C by one warp: the shapes, how many elements of each a lane holds, and where they belong.
struct WarpProduct {
  using Place = MatrixPosition (*)(int lane, int element);
  const char* name;
  int m, n, k;
  int a_elements, b_elements, c_elements;
  Place place_a, place_b, place_c;
};

/// A lane's elements. A double holds every value of the types that tensor cores multiply and accumulate.
struct WarpProductLane {
  const WarpProduct* product;
  double a[16], b[16], c[8];  ///< c becomes d
};

/// Products are exact and are added in double to C, in the order of k. The caller rounds the sum once for the whole
/// instruction.
void multiply_in_warp(WarpProductLane& lane, Site site);

/// The layouts that PTX documents for mma.m16n8: A and B hold kPacked elements in a 32-bit register. Four lanes share a
/// row of A and of C, and a column of B. A's registers alternate between rows l / 4 and l / 4 + 8.
template <int kPacked>
constexpr MatrixPosition mma_place_a(int lane, int element) {
  const int index = element / kPacked, part = element % kPacked;
  return {lane / 4 + 8 * (index % 2), kPacked * (lane % 4 + 4 * (index / 2)) + part};
}
template <int kPacked>
constexpr MatrixPosition mma_place_b(int lane, int element) {
  const int index = element / kPacked, part = element % kPacked;
  return {kPacked * (lane % 4 + 4 * index) + part, lane / 4};
}
constexpr MatrixPosition mma_place_c(int lane, int element) {
  return {lane / 4 + 8 * (element / 2), 2 * (lane % 4) + element % 2};
}

/// Rounds to float. NaN becomes the NaN that tensor cores return.
constexpr float accumulator_float(double sum) {
  return sum == sum ? static_cast<float>(sum) : __builtin_bit_cast(float, 0x7fffffffu);
}

/// The part of a float that tensor cores use: the 13 low bits are ignored.
constexpr float tf32_value(uint32_t bits) { return __builtin_bit_cast(float, bits & 0xffffe000u); }

}  // namespace softgpu
