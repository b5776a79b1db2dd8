#include "softgpu/warp_matrix.h"

#include <cmath>
#include <string>

#include "softgpu/ldmatrix.h"

/// Products of matrices and the distribution of their elements among the lanes of a warp.

namespace softgpu {
namespace {

constexpr unsigned kWholeWarp = 0xffffffffu;

struct Meeting {
  void* lane;
  Combine combine;
  bool whole;  ///< whether all lanes came to the same operation
};

Meeting& first_meeting(void* const lanes[kWarpLanes]) {
  int i = 0;
  while (lanes[i] == nullptr) ++i;
  return *static_cast<Meeting*>(lanes[i]);
}

void check_and_combine(void* const lanes[kWarpLanes], unsigned mask) {
  const Combine combine = first_meeting(lanes).combine;
  void* inner[kWarpLanes];
  bool whole = true;
  for (int i = 0; i < kWarpLanes; ++i) {
    const auto* meeting = static_cast<Meeting*>(lanes[i]);
    whole = whole && meeting != nullptr && meeting->combine == combine;
    inner[i] = meeting == nullptr ? nullptr : meeting->lane;
  }
  for (int i = 0; i < kWarpLanes; ++i) {
    if (lanes[i] != nullptr) static_cast<Meeting*>(lanes[i])->whole = whole;
  }
  if (whole && combine != nullptr) combine(inner, mask);
}

void multiply(void* const lanes[kWarpLanes], unsigned) {
  constexpr int kLargest = 32;
  alignas(64) double a[kLargest][kLargest], b[kLargest][kLargest], c[kLargest][kLargest];
  const WarpProduct& p = *static_cast<WarpProductLane*>(lanes[0])->product;
  const auto exchange = [&](int elements, WarpProduct::Place place, auto move) {
    for (int l = 0; l < kWarpLanes; ++l) {
      for (int e = 0; e < elements; ++e) move(*static_cast<WarpProductLane*>(lanes[l]), e, place(l, e));
    }
  };
  exchange(p.a_elements, p.place_a,
           [&](WarpProductLane& l, int e, MatrixPosition at) { a[at.row][at.column] = l.a[e]; });
  exchange(p.b_elements, p.place_b,
           [&](WarpProductLane& l, int e, MatrixPosition at) { b[at.row][at.column] = l.b[e]; });
  exchange(p.c_elements, p.place_c,
           [&](WarpProductLane& l, int e, MatrixPosition at) { c[at.row][at.column] = l.c[e]; });
  for (int i = 0; i < p.m; ++i) {
    for (int k = 0; k < p.k; ++k) {
      for (int j = 0; j < p.n; ++j) c[i][j] = std::fma(a[i][k], b[k][j], c[i][j]);
    }
  }
  exchange(p.c_elements, p.place_c,
           [&](WarpProductLane& l, int e, MatrixPosition at) { l.c[e] = c[at.row][at.column]; });
}

/// Of each matrix, lane l receives elements 2 (l % 4) and 2 (l % 4) + 1 of row l / 4 or, transposed, of column l / 4.
void distribute(void* const lanes[kWarpLanes], unsigned) {
  const auto element = [&](int matrix, int row, int column) {
    const uint32_t pair = static_cast<MatrixRows*>(lanes[8 * matrix + row])->row[column / 2];
    return pair >> (16 * (column % 2)) & 0xffffu;
  };
  for (int l = 0; l < kWarpLanes; ++l) {
    auto& lane = *static_cast<MatrixRows*>(lanes[l]);
    const int row = l / 4, column = 2 * (l % 4);
    for (int i = 0; i < lane.matrices; ++i) {
      lane.result[i] = lane.transposed ? element(i, column, row) | element(i, column + 1, row) << 16
                                       : element(i, row, column) | element(i, row, column + 1) << 16;
    }
  }
}

}  // namespace

void meet_whole_warp(void* lane, Combine combine, const char* what, Site site) {
  const std::string call = std::string("calls ") + what;
  if (!on_fibers) misuse((call + ", which needs SOFTGPU_MODE=threads,").c_str(), site);
  Meeting meeting{lane, combine, false};
  meet_in_warp(kWholeWarp, &meeting, check_and_combine, site);
  if (!meeting.whole) misuse((call + " without all 32 lanes of its warp").c_str(), site);
}

void multiply_in_warp(WarpProductLane& lane, Site site) { meet_whole_warp(&lane, multiply, lane.product->name, site); }

void distribute_rows(MatrixRows& lane, Site site) { meet_whole_warp(&lane, distribute, "ldmatrix", site); }

}  // namespace softgpu
