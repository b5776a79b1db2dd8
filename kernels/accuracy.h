#pragma once

#include <cstdint>

#include "kernels/types.h"

namespace cucurbit::kernels {

/// Running counts of a classifier's hits, in device memory; all bytes zero at the beginning.
struct AccuracyCounts {
  int64_t rows;     // rows whose label is a class
  int64_t top1;     // of these, rows whose label has the largest logit
  int64_t top_k;    // rows whose label is among the k largest
  int64_t skipped;  // rows whose label is no class
};

/// Adds the rows of a batch to `counts`. The rank of a label is the number of columns with a larger logit, or with an
/// equal one and a lower index, or with a NaN; it is a hit if rank < 1, rank < k.
///
///   logits [rows, classes] row-major;  labels i32 [rows];  k >= 1
///   confusion  null, or i64 [classes, classes], accumulated: [label, argmax] += 1 for every row whose label is a class
///              and that holds no NaN
///
/// T: float, bf16, double. Integer atomics only: deterministic.
template <class T>
void count_accuracy(const T* logits, const int32_t* labels, int64_t rows, int classes, int k, AccuracyCounts* counts,
                    int64_t* confusion, cudaStream_t stream);

}  // namespace cucurbit::kernels
