#pragma once

#include <cstdint>

#include "indices.h"
#include "warp_matrix.h"

/// ldmatrix: 8x8 matrices of 16-bit elements, from rows in shared memory into the fragments of mma.sync.

namespace softgpu {

struct MatrixRows {
  int matrices;
  bool transposed;
  uint32_t row[4];     ///< the eight elements at the address that this lane passed
  uint32_t result[4];  ///< one register for each matrix
};

void distribute_rows(MatrixRows& lane, Site site);

struct alignas(16) [[gnu::may_alias]] MatrixRow {
  uint32_t words[4];
};

template <int kMatrices>
[[gnu::always_inline]] inline void load_matrices(uint32_t (&registers)[kMatrices], const void* row, bool transposed,
                                                 Site site) {
  static_assert(kMatrices == 1 || kMatrices == 2 || kMatrices == 4);
  MatrixRows lane{kMatrices, transposed, {}, {}};
  if (on_fibers && static_cast<int>(lane_index()) < 8 * kMatrices) {
    if (reinterpret_cast<uintptr_t>(row) % sizeof(MatrixRow) != 0)
      misuse("passes ldmatrix a row that does not start at a multiple of 16 bytes", site);
    const MatrixRow words = *static_cast<const MatrixRow*>(row);
    for (int i = 0; i < 4; ++i) lane.row[i] = words.words[i];
  }
  distribute_rows(lane, site);
  for (int i = 0; i < kMatrices; ++i) registers[i] = lane.result[i];
}

/// Loads 1, 2 or 4 matrices. Lanes 8 i to 8 i + 7 pass the addresses of the rows of matrix i (16 aligned bytes each) in
/// shared memory. Lane l receives elements 2 (l % 4) and 2 (l % 4) + 1 of row l / 4. All lanes must make the call.
template <int kMatrices>
[[gnu::always_inline]] inline void ldmatrix(uint32_t (&registers)[kMatrices], const void* row,
                                            Site site = Site::here()) {
  load_matrices(registers, row, false, site);
}

/// Like ldmatrix, but loads the transposed matrices.
template <int kMatrices>
[[gnu::always_inline]] inline void ldmatrix_trans(uint32_t (&registers)[kMatrices], const void* row,
                                                  Site site = Site::here()) {
  load_matrices(registers, row, true, site);
}

}  // namespace softgpu
