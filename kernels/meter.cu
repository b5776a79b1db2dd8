#include "kernels/host/launch.h"
#include "kernels/meter.h"

namespace cucurbit::kernels {

template <int kThreads, class A>
__global__ void add_to_meter_kernel(const A* mean, int64_t rows, Meter* meter) {
  static_assert(kThreads == 1);
  meter->sum += double(*mean) * double(rows);
  meter->rows += rows;
}

template <class A>
void add_to_meter(const A* mean, int64_t rows, Meter* meter, cudaStream_t stream) {
  launch<1>(CUCURBIT_KERNEL(add_to_meter_kernel, A), 1, stream, mean, rows, meter);
}

template void add_to_meter(const float*, int64_t, Meter*, cudaStream_t);
template void add_to_meter(const double*, int64_t, Meter*, cudaStream_t);

}  // namespace cucurbit::kernels
