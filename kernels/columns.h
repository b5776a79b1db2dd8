#pragma once

#include <algorithm>
#include <cstdint>

namespace cucurbit {

/// How the work on a row-major matrix [rows, cols] is cut into blocks when every column is summed: chunks of rows times
/// tiles of columns, each leaving one partial sum per column, which a second kernel adds in a fixed order.
/// Narrow matrices are folded: `fold` consecutive rows are read as one row of fold * cols columns, so that a tile is
/// wide enough for vectors.
struct ColumnSplit {
  static constexpr int kTile = 256;           // columns of a block
  static constexpr int64_t kMaxChunks = 512;  // the second kernel adds this many partial sums per column at most
  static constexpr int64_t kRowsPerChunk = 32;

  int64_t rows, cols;  // of the folded matrix
  int64_t fold;
  int64_t rows_per_chunk, chunks, tiles;

  ColumnSplit(int64_t matrix_rows, int64_t matrix_cols) {
    fold = 1;
    while (matrix_rows % (fold * 2) == 0 && matrix_rows > 0 && matrix_cols * fold * 2 <= kTile) fold *= 2;
    rows = matrix_rows / fold;
    cols = matrix_cols * fold;
    rows_per_chunk = std::max(kRowsPerChunk, (rows + kMaxChunks - 1) / kMaxChunks);
    chunks = (rows + rows_per_chunk - 1) / rows_per_chunk;
    tiles = (cols + kTile - 1) / kTile;
  }

  int64_t blocks() const { return chunks * tiles; }
  /// Partial sums a block-by-block pass leaves: a matrix [partial_rows(), columns of the unfolded matrix].
  int64_t partials() const { return chunks * cols; }
  int64_t partial_rows() const { return chunks * fold; }
};

}  // namespace cucurbit
