#pragma once

#include "engine/tensor.h"

/// What the device can do at most, measured: the yardsticks of every other number.
namespace cucurbit::bench {

/// GFLOP/s of cublasGemmEx on square matrices of 2048, f32 or bf16; the median of 9.
double gemm_gflops(DType dtype);

/// GB/s of a copy of 256 MiB, bytes read and bytes written both counted; the median of 9.
double copy_gbs();

/// Queues target = source, f32 tensors of one size, on all cores or multiprocessors.
void copy_on_device(const Tensor& source, const Tensor& target);

}  // namespace cucurbit::bench
