// Tests of convolutions and their gradients against sums in double.
#include "cudnn_fixture.h"

namespace {

using namespace vendor_test;

struct Scalars {
  double alpha = 1.0, beta = 0.0;
};

/// The oracle for out = alpha sum + beta old.
std::vector<double> blend(const std::vector<double>& sum, const std::vector<double>& old, const Scalars& scalars) {
  std::vector<double> out(sum.size());
  for (size_t i = 0; i < sum.size(); ++i) {
    out[i] = scalars.alpha * sum[i] + (scalars.beta == 0.0 ? 0.0 : scalars.beta * old[i]);
  }
  return out;
}

template <class T>
struct Case {
  Case(const Shape& t, const Scalars& s)
      : shape(t),
        scalars(s),
        alpha(static_cast<Scalar<T>>(s.alpha)),
        beta(static_cast<Scalar<T>>(s.beta)),
        x(random_values(t.x_size(), 1)),
        filter(random_values(t.filter_size(), 2)),
        y(random_values(t.y_size(), 3)),
        layer(t, kCudnnType<T>) {
    layer.reserve();
  }

  std::vector<double> old_values(int64_t size) const {
    return scalars.beta == 0.0 ? nans(size) : random_values(size, 4);
  }

  /// Calls `operation(out)` twice on the same old values and compares with the oracle and with itself.
  template <class Operation>
  void check(const std::vector<double>& sum, int64_t terms, Operation operation) {
    const auto old = old_values(static_cast<int64_t>(sum.size()));
    Guarded<T> out(old);
    ASSERT_EQ(operation(out.data()), CUDNN_STATUS_SUCCESS);
    const auto first = out.get();
    expect_near(first, blend(sum, old, scalars),
                tolerance<T>(terms, std::max(1.0, std::abs(scalars.alpha) + std::abs(scalars.beta))));
    out.set(old);
    ASSERT_EQ(operation(out.data()), CUDNN_STATUS_SUCCESS);
    expect_same(out.get(), first);
  }

  void forward() {
    std::vector<double> sum(y.size());
    for_each_product(shape, [&](int64_t i, int64_t j, int64_t l) { sum[l] += x[i] * filter[j]; });
    Guarded<T> device_x(x), device_filter(filter);
    check(sum, shape.r * shape.s * shape.depth(), [&](T* out) {
      return cudnnConvolutionForward(layer.handle, &alpha, layer.x, device_x.data(), layer.filter, device_filter.data(),
                                     layer.conv, layer.kForward, layer.workspace, layer.bytes, &beta, layer.y, out);
    });
  }

  void backward_data() {
    std::vector<double> sum(x.size());
    for_each_product(shape, [&](int64_t i, int64_t j, int64_t l) { sum[i] += y[l] * filter[j]; });
    Guarded<T> device_y(y), device_filter(filter);
    check(sum, shape.r * shape.s * shape.k / shape.groups, [&](T* out) {
      return cudnnConvolutionBackwardData(layer.handle, &alpha, layer.filter, device_filter.data(), layer.y,
                                          device_y.data(), layer.conv, layer.kData, layer.workspace, layer.bytes, &beta,
                                          layer.x, out);
    });
  }

  void backward_filter() {
    std::vector<double> sum(filter.size());
    for_each_product(shape, [&](int64_t i, int64_t j, int64_t l) { sum[j] += y[l] * x[i]; });
    Guarded<T> device_x(x), device_y(y);
    check(sum, shape.n * shape.p() * shape.q(), [&](T* out) {
      return cudnnConvolutionBackwardFilter(layer.handle, &alpha, layer.x, device_x.data(), layer.y, device_y.data(),
                                            layer.conv, layer.kFilter, layer.workspace, layer.bytes, &beta,
                                            layer.filter, out);
    });
  }

  Shape shape;
  Scalars scalars;
  Scalar<T> alpha, beta;
  std::vector<double> x, filter, y;
  Layer layer;
};

template <class T>
class CudnnConvolutionTest : public testing::Test {
 protected:
  void check(const Shape& shape, const Scalars& scalars = {}) {
    SCOPED_TRACE(testing::Message() << shape.name() << " alpha " << scalars.alpha << " beta " << scalars.beta);
    Case<T> run(shape, scalars);
    run.forward();
    run.backward_data();
    run.backward_filter();
  }
};

using Types = testing::Types<float, __nv_bfloat16, double>;
TYPED_TEST_SUITE(CudnnConvolutionTest, Types);

TYPED_TEST(CudnnConvolutionTest, StridePaddingDilationGroups) {
  for (const int stride : {1, 2}) {
    for (const int pad : {0, 1, 2}) {
      for (const int dilation : {1, 2}) {
        for (const int groups : {1, 2, 8}) {
          this->check({.h = 9,
                       .w = 8,
                       .pad_h = pad,
                       .pad_w = pad,
                       .stride_h = stride,
                       .stride_w = stride,
                       .dilation_h = dilation,
                       .dilation_w = dilation,
                       .groups = groups});
        }
      }
    }
  }
}

TYPED_TEST(CudnnConvolutionTest, SidesThatDiffer) {
  this->check({.h = 10, .w = 5, .r = 1, .s = 3, .pad_h = 0, .pad_w = 1, .stride_h = 3, .stride_w = 1});
  this->check({.h = 5, .w = 11, .r = 5, .s = 2, .pad_h = 2, .pad_w = 0, .dilation_w = 3});
}

TYPED_TEST(CudnnConvolutionTest, ChannelCounts) {
  for (const int c : {1, 3, 5, 16, 33}) {
    for (const int k : {1, 7, 10, 32}) this->check({.n = 1, .h = 6, .c = c, .k = k});
  }
  this->check({.c = 32, .k = 32, .groups = 32});
  this->check({.c = 6, .k = 12, .groups = 3});
}

TYPED_TEST(CudnnConvolutionTest, PointwiseAndFullWindow) {
  this->check({.c = 24, .k = 40, .r = 1, .s = 1, .pad_h = 0, .pad_w = 0});
  this->check({.c = 24, .k = 40, .r = 1, .s = 1, .pad_h = 0, .pad_w = 0, .stride_h = 2, .stride_w = 2});
  // With multiples of 16 channels softgpu uses its own routines: lines that fill groups of pixels, and lines that do
  // not.
  this->check({.c = 48, .k = 80, .r = 1, .s = 1, .pad_h = 0, .pad_w = 0, .stride_h = 2, .stride_w = 2});
  this->check({.n = 3, .h = 9, .w = 10, .c = 16, .k = 32, .r = 1, .s = 1, .pad_h = 0, .pad_w = 0, .stride_h = 3});
  this->check({.h = 5, .w = 200, .c = 32, .k = 16, .r = 1, .s = 1, .pad_h = 0, .pad_w = 0, .stride_w = 3});
  this->check({.h = 3, .w = 3, .pad_h = 0, .pad_w = 0});
  this->check({.h = 1, .w = 1, .c = 4, .k = 4, .r = 1, .s = 1, .pad_h = 0, .pad_w = 0});
}

TYPED_TEST(CudnnConvolutionTest, FilterOffsetsThatSeeOnlyPadding) {
  for (const Scalars& scalars : {Scalars{}, Scalars{-0.5, 2.0}}) {
    this->check({.n = 5, .h = 2, .w = 3, .c = 64, .k = 16, .stride_h = 4, .stride_w = 4}, scalars);
    this->check({.n = 4, .h = 1, .w = 1, .c = 64, .k = 64}, scalars);
    this->check({.n = 8, .h = 1, .w = 2, .c = 32, .k = 16}, scalars);
    this->check({.n = 8, .h = 2, .w = 2, .c = 16, .k = 32, .stride_h = 2, .stride_w = 2}, scalars);
    this->check({.n = 2, .h = 2, .w = 2, .c = 32, .k = 32, .r = 5, .s = 5, .pad_h = 2, .pad_w = 2}, scalars);
    this->check({.n = 4, .h = 1, .w = 1, .c = 32, .k = 32, .groups = 32}, scalars);
    this->check({.n = 4, .h = 1, .w = 2, .c = 3, .k = 5}, scalars);
  }
}

TYPED_TEST(CudnnConvolutionTest, AlphaAndBeta) {
  for (const double alpha : {0.0, 1.0, -0.5}) {
    for (const double beta : {0.0, 1.0, 2.0}) {
      this->check({}, {alpha, beta});
      this->check({.c = 3, .k = 6, .groups = 3}, {alpha, beta});
    }
  }
}

TYPED_TEST(CudnnConvolutionTest, NanReachesWhatDependsOnIt) {
  const Shape shape{.n = 1, .h = 5, .w = 5, .c = 3, .k = 4};
  Case<TypeParam> run(shape, {});
  run.x[(2 * 5 + 2) * 3 + 1] = std::numeric_limits<double>::quiet_NaN();
  run.filter.assign(run.filter.size(), 0.0);
  run.forward();
  run.backward_filter();
}

TYPED_TEST(CudnnConvolutionTest, BiasGradient) {
  for (const auto& [n, c, beta] : {std::tuple{1, 1, 0.0}, {3, 10, 1.0}, {40, 33, -0.5}}) {
    const Shape shape{.n = n, .k = c};
    Layer layer(shape, kCudnnType<TypeParam>);
    const auto dy = random_values(shape.y_size(), 1);
    std::vector<double> sum(c);
    for (size_t i = 0; i < dy.size(); ++i) sum[i % c] += dy[i];
    const auto old = beta == 0.0 ? nans(c) : random_values(c, 2);
    Guarded<TypeParam> device_dy(dy), db(old);
    const Scalar<TypeParam> alpha = 0.5, scale = static_cast<Scalar<TypeParam>>(beta);
    ASSERT_EQ(
        cudnnConvolutionBackwardBias(layer.handle, &alpha, layer.y, device_dy.data(), &scale, layer.bias, db.data()),
        CUDNN_STATUS_SUCCESS);
    expect_near(db.get(), blend(sum, old, {0.5, beta}), tolerance<TypeParam>(shape.y_size() / c));
  }
}

TYPED_TEST(CudnnConvolutionTest, BiasAndActivation) {
  using T = TypeParam;
  const Shape shape;
  Layer layer(shape, kCudnnType<T>);
  layer.reserve();
  auto x = random_values(shape.x_size(), 1);
  const auto filter = random_values(shape.filter_size(), 2), bias = random_values(shape.k, 3);
  const auto z = random_values(shape.y_size(), 4);
  x[0] = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> sum(shape.y_size());
  for_each_product(shape, [&](int64_t i, int64_t j, int64_t l) { sum[l] += x[i] * filter[j]; });
  Guarded<T> device_x(x), device_filter(filter), device_bias(bias);
  for (const bool relu : {false, true}) {
    for (const bool keep_nan : {false, true}) {
      for (const auto& [alpha, beta] : {std::pair{1.0, 0.0}, {1.0, 1.0}, {0.5, -1.0}}) {
        for (const bool in_place : {false, true}) {
          SCOPED_TRACE(testing::Message() << relu << keep_nan << in_place << ' ' << alpha << ' ' << beta);
          ASSERT_EQ(
              cudnnSetActivationDescriptor(layer.activation, relu ? CUDNN_ACTIVATION_RELU : CUDNN_ACTIVATION_IDENTITY,
                                           keep_nan ? CUDNN_PROPAGATE_NAN : CUDNN_NOT_PROPAGATE_NAN, 0.0),
              CUDNN_STATUS_SUCCESS);
          const auto prior = beta == 0.0 ? nans(shape.y_size()) : z;
          Guarded<T> device_z(prior), y(in_place ? prior : nans(shape.y_size()));
          const auto scale = static_cast<Scalar<T>>(alpha), scale_z = static_cast<Scalar<T>>(beta);
          ASSERT_EQ(cudnnConvolutionBiasActivationForward(layer.handle, &scale, layer.x, device_x.data(), layer.filter,
                                                          device_filter.data(), layer.conv, layer.kForward,
                                                          layer.workspace, layer.bytes, &scale_z, layer.y,
                                                          in_place ? y.data() : device_z.data(), layer.bias,
                                                          device_bias.data(), layer.activation, layer.y, y.data()),
                    CUDNN_STATUS_SUCCESS);
          auto expected = blend(sum, prior, {alpha, beta});
          for (size_t i = 0; i < expected.size(); ++i) {
            expected[i] += bias[i % shape.k];
            if (relu && (expected[i] < 0.0 || (std::isnan(expected[i]) && !keep_nan))) expected[i] = 0.0;
          }
          expect_near(y.get(), expected, tolerance<T>(shape.r * shape.s * shape.c, 2.0));
        }
      }
    }
  }
}

TYPED_TEST(CudnnConvolutionTest, ReplayEqualsTheCall) {
  using T = TypeParam;
  const Shape shape;
  for (const double beta : {0.0, 0.5}) {
    Case<T> run(shape, {1.0, beta});
    Layer& layer = run.layer;
    const auto old = run.old_values(shape.filter_size());
    Guarded<T> x(run.x), dy(run.y), called(old), replayed(old);
    const auto call = [&](T* dw) {
      return cudnnConvolutionBackwardFilter(layer.handle, &run.alpha, layer.x, x.data(), layer.y, dy.data(), layer.conv,
                                            layer.kFilter, layer.workspace, layer.bytes, &run.beta, layer.filter, dw);
    };
    for (int i = 0; i < 3; ++i) ASSERT_EQ(call(called.data()), CUDNN_STATUS_SUCCESS);
    capture_and_replay(
        [&](cudaStream_t stream) {
          ASSERT_EQ(cudnnSetStream(layer.handle, stream), CUDNN_STATUS_SUCCESS);
          ASSERT_EQ(call(replayed.data()), CUDNN_STATUS_SUCCESS);
        },
        3);
    expect_same(replayed.get(), called.get());
  }
}

}  // namespace
