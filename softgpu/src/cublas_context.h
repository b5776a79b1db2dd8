#pragma once

#include "cublas_v2.h"
#include "dnnl_plan.h"

/// The state behind a cuBLAS handle.

struct cublasContext {
  cudaStream_t stream = nullptr;
  cublasMath_t math_mode = CUBLAS_DEFAULT_MATH;
  softgpu::onednn::Scratch scratch;
};
