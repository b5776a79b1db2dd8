#include "engine/ops/conv2d_backends.h"
#include "engine/runtime/stream.h"
#include "kernels/depthwise_conv.h"

namespace cucurbit {

namespace {
template <class T, class D>
void filter_gradient(const kernels::ConvShape& shape, const Tensor& x, const Tensor& dy, const Tensor& dw,
                     bool accumulate) {
  const bool depthwise = kernels::is_depthwise(shape);
  const size_t bytes = depthwise ? kernels::depthwise_filter_gradient_workspace<T>(shape)
                                 : kernels::conv_filter_gradient_workspace<T>(shape);
  const Tensor workspace = bytes ? Tensor::empty({int64_t(bytes)}, DType::u8) : Tensor();
  const auto run = depthwise ? kernels::depthwise_filter_gradient<T, D> : kernels::conv_filter_gradient<T, D>;
  run(shape, x.data<T>(), dy.data<T>(), dw.data<D>(), accumulate, workspace.raw(), stream());
}
}  // namespace

void own_conv_forward(const kernels::ConvShape& shape, const Tensor& x, const Tensor& w, const Tensor& y) {
  dispatch_float(x.dtype(), "conv2d", [&]<class T>(Type<T>) {
    const auto run = kernels::is_depthwise(shape) ? kernels::depthwise_forward<T> : kernels::conv_forward<T>;
    run(shape, x.data<T>(), w.data<T>(), y.data<T>(), stream());
  });
}

void own_conv_data_gradient(const kernels::ConvShape& shape, const Tensor& w, const Tensor& dy, const Tensor& dx,
                            bool accumulate) {
  dispatch_float(dy.dtype(), "conv2d", [&]<class T>(Type<T>) {
    const auto run =
        kernels::is_depthwise(shape) ? kernels::depthwise_data_gradient<T> : kernels::conv_data_gradient<T>;
    run(shape, w.data<T>(), dy.data<T>(), dx.data<T>(), accumulate, stream());
  });
}

void own_conv_filter_gradient(const kernels::ConvShape& shape, const Tensor& x, const Tensor& dy, const Tensor& dw,
                              bool accumulate) {
  dispatch_float(x.dtype(), "conv2d", [&]<class T>(Type<T>) {
    if (dw.dtype() == dtype_of<T>)
      filter_gradient<T, T>(shape, x, dy, dw, accumulate);
    else
      filter_gradient<T, acc_t<T>>(shape, x, dy, dw, accumulate);
  });
}

}  // namespace cucurbit
