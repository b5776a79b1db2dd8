#pragma once

#include "kernels/host/grid.h"

namespace cucurbit {

/// Lanes of a block: consecutive elements it handles at once.
inline constexpr int kSpan = 256;

/// How [rows, channels] is cut into blocks: tiles of `width` channels times chunks of `chunk_rows` rows.
struct RowGrid {
  int64_t rows, chunk_rows, chunks;
  int channels, width, tiles;

  int64_t blocks() const { return chunks * tiles; }
};

/// A grid with about `elements` in a block and at most `most_chunks` chunks. It depends on the sizes alone.
inline RowGrid row_grid(int64_t rows, int channels, int64_t elements, int64_t most_chunks) {
  RowGrid grid{rows, 1, 0, channels, 1, 0};
  if (rows == 0 || channels == 0) return grid;
  grid.tiles = int(blocks_for(channels, kSpan));
  grid.width = int(blocks_for(channels, grid.tiles));
  const int64_t groups = kSpan / grid.width;
  const int64_t wanted = blocks_for(elements, grid.width), least = blocks_for(rows, most_chunks);
  grid.chunk_rows = blocks_for(wanted > least ? wanted : least, groups) * groups;
  grid.chunks = blocks_for(rows, grid.chunk_rows);
  return grid;
}

}  // namespace cucurbit
