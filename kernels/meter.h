#pragma once

#include "kernels/types.h"

namespace cucurbit::kernels {

/// A running mean in device memory; all bytes zero is an empty one.
struct Meter {
  double sum;    // of value times rows
  int64_t rows;  // its mean is sum / rows
};

/// Adds a value that is the mean over `rows` rows: meter->sum += mean * rows, meter->rows += rows.
///
///   mean [1], meter: device memory. A: float, double. One thread: deterministic.
template <class A>
void add_to_meter(const A* mean, int64_t rows, Meter* meter, cudaStream_t stream);

}  // namespace cucurbit::kernels
