#pragma once

#include "cudnn_context.h"

namespace softgpu::cudnn {

/// Convolutions in double by direct loops; layouts as in Convolution. Outputs are overwritten.
void forward_f64(const Convolution& conv, const double* x, const double* filter, double* y);
void backward_data_f64(const Convolution& conv, const double* dy, const double* filter, double* dx);
void backward_filter_f64(const Convolution& conv, const double* x, const double* dy, double* dw);

}  // namespace softgpu::cudnn
