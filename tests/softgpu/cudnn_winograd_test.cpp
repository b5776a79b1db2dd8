// Tests of Winograd's algorithm: results, and where it is refused.
#include "cudnn_fixture.h"

namespace {

using namespace vendor_test;

constexpr auto kForward = CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD_NONFUSED;
constexpr auto kData = CUDNN_CONVOLUTION_BWD_DATA_ALGO_WINOGRAD_NONFUSED;
constexpr auto kFilter = CUDNN_CONVOLUTION_BWD_FILTER_ALGO_WINOGRAD_NONFUSED;

// Maps whose sizes are not multiples of 4; channels that make blocks of one, two and four vectors; all paddings. The
// last two have few tiles for their number of channels: 24, and 140, which are more than are multiplied at a time.
const Shape kShapes[] = {{.n = 3, .h = 15, .w = 14, .c = 32, .k = 48},
                         {.n = 5, .h = 9, .w = 9, .c = 16, .k = 112, .pad_h = 2, .pad_w = 0},
                         {.n = 4, .h = 13, .w = 11, .c = 80, .k = 16, .pad_h = 0, .pad_w = 2},
                         {.n = 6, .h = 7, .w = 6, .c = 128, .k = 192},
                         {.n = 140, .h = 3, .w = 3, .c = 160, .k = 144}};

// alpha 1 with beta 0 is the plain product; the others scale and add.
constexpr float kScalars[][2] = {{1, 0}, {1, 1}, {2, 0.5}};

/// `values` rounded to T.
template <class T>
std::vector<double> rounded(const std::vector<double>& values) {
  std::vector<double> made;
  for (const double value : values) made.push_back(static_cast<double>(static_cast<float>(static_cast<T>(value))));
  return made;
}

/// alpha sum + beta before.
std::vector<double> combined(const std::vector<double>& sum, const std::vector<double>& before, float alpha,
                             float beta) {
  std::vector<double> expected(sum.size());
  for (size_t i = 0; i < sum.size(); ++i) expected[i] = alpha * sum[i] + beta * before[i];
  return expected;
}

/// Winograd's transforms lose precision: the error is up to twelve times that of a direct sum.
template <class T>
double winograd_tolerance(int64_t terms, double scale) {
  return tolerance<T>(terms, scale) + 16 * scale * kEpsilon<float> * std::sqrt(static_cast<double>(terms));
}

template <class T>
class CudnnWinogradTest : public testing::Test {
 protected:
  static constexpr cudnnDataType_t kType = kCudnnType<T>;

  void use(const Shape& shape) {
    layer_.set(shape, kType);
    x_ = rounded<T>(random_values(shape.x_size(), 1));
    filter_ = rounded<T>(random_values(shape.filter_size(), 2));
    y_ = rounded<T>(random_values(shape.y_size(), 3));
    size_t bytes = 0, most = 0;
    ASSERT_EQ(cudnnGetConvolutionForwardWorkspaceSize(layer_.handle, layer_.x, layer_.filter, layer_.conv, layer_.y,
                                                      kForward, &bytes),
              CUDNN_STATUS_SUCCESS);
    most = bytes;
    ASSERT_EQ(cudnnGetConvolutionBackwardDataWorkspaceSize(layer_.handle, layer_.filter, layer_.y, layer_.conv,
                                                           layer_.x, kData, &bytes),
              CUDNN_STATUS_SUCCESS);
    most = std::max(most, bytes);
    ASSERT_EQ(cudnnGetConvolutionBackwardFilterWorkspaceSize(layer_.handle, layer_.x, layer_.y, layer_.conv,
                                                             layer_.filter, kFilter, &bytes),
              CUDNN_STATUS_SUCCESS);
    bytes_ = std::max(most, bytes);
    cudaFree(workspace_);
    ASSERT_EQ(cudaMalloc(&workspace_, bytes_), cudaSuccess);
  }
  void TearDown() override { cudaFree(workspace_); }

  Layer layer_{kShapes[0], kType};
  std::vector<double> x_, y_, filter_;
  void* workspace_ = nullptr;
  size_t bytes_ = 0;
};

using Types = testing::Types<float, __nv_bfloat16>;
TYPED_TEST_SUITE(CudnnWinogradTest, Types);

TYPED_TEST(CudnnWinogradTest, Forward) {
  for (const Shape& shape : kShapes) {
    SCOPED_TRACE(shape.name());
    ASSERT_NO_FATAL_FAILURE(this->use(shape));
    std::vector<double> sum(static_cast<size_t>(shape.y_size()));
    for_each_product(shape, [&](int x, int w, int y) { sum[y] += this->x_[x] * this->filter_[w]; });
    Guarded<TypeParam> x(this->x_), filter(this->filter_), y(this->y_);
    for (const auto& [alpha, beta] : kScalars) {
      y.set(this->y_);
      const auto& l = this->layer_;
      ASSERT_EQ(cudnnConvolutionForward(l.handle, &alpha, l.x, x.data(), l.filter, filter.data(), l.conv, kForward,
                                        this->workspace_, this->bytes_, &beta, l.y, y.data()),
                CUDNN_STATUS_SUCCESS);
      expect_near(y.get(), combined(sum, this->y_, alpha, beta),
                  winograd_tolerance<TypeParam>(9 * shape.c, alpha + beta));
    }
  }
}

TYPED_TEST(CudnnWinogradTest, DataGradient) {
  for (const Shape& shape : kShapes) {
    SCOPED_TRACE(shape.name());
    ASSERT_NO_FATAL_FAILURE(this->use(shape));
    std::vector<double> sum(static_cast<size_t>(shape.x_size()));
    for_each_product(shape, [&](int x, int w, int y) { sum[x] += this->y_[y] * this->filter_[w]; });
    Guarded<TypeParam> dx(this->x_), filter(this->filter_), dy(this->y_);
    for (const auto& [alpha, beta] : kScalars) {
      dx.set(this->x_);
      const auto& l = this->layer_;
      ASSERT_EQ(cudnnConvolutionBackwardData(l.handle, &alpha, l.filter, filter.data(), l.y, dy.data(), l.conv, kData,
                                             this->workspace_, this->bytes_, &beta, l.x, dx.data()),
                CUDNN_STATUS_SUCCESS);
      expect_near(dx.get(), combined(sum, this->x_, alpha, beta),
                  winograd_tolerance<TypeParam>(9 * shape.k, alpha + beta));
    }
  }
}

TYPED_TEST(CudnnWinogradTest, FilterGradient) {
  for (const Shape& shape : kShapes) {
    SCOPED_TRACE(shape.name());
    ASSERT_NO_FATAL_FAILURE(this->use(shape));
    std::vector<double> sum(static_cast<size_t>(shape.filter_size()));
    for_each_product(shape, [&](int x, int w, int y) { sum[w] += this->x_[x] * this->y_[y]; });
    Guarded<TypeParam> x(this->x_), dw(this->filter_), dy(this->y_);
    for (const auto& [alpha, beta] : kScalars) {
      dw.set(this->filter_);
      const auto& l = this->layer_;
      ASSERT_EQ(cudnnConvolutionBackwardFilter(l.handle, &alpha, l.x, x.data(), l.y, dy.data(), l.conv, kFilter,
                                               this->workspace_, this->bytes_, &beta, l.filter, dw.data()),
                CUDNN_STATUS_SUCCESS);
      expect_near(dw.get(), combined(sum, this->filter_, alpha, beta),
                  winograd_tolerance<TypeParam>(int64_t{shape.n} * shape.p() * shape.q(), alpha + beta));
    }
  }
}

TYPED_TEST(CudnnWinogradTest, BiasAndRelu) {
  for (const Shape& shape : kShapes) {
    SCOPED_TRACE(shape.name());
    ASSERT_NO_FATAL_FAILURE(this->use(shape));
    const auto& l = this->layer_;
    ASSERT_EQ(cudnnSetActivationDescriptor(l.activation, CUDNN_ACTIVATION_RELU, CUDNN_PROPAGATE_NAN, 0),
              CUDNN_STATUS_SUCCESS);
    const auto biases = rounded<TypeParam>(random_values(shape.k, 4));
    std::vector<double> expected(static_cast<size_t>(shape.y_size()));
    for_each_product(shape, [&](int x, int w, int y) { expected[y] += this->x_[x] * this->filter_[w]; });
    for (size_t i = 0; i < expected.size(); ++i)
      expected[i] = std::max(0.0, expected[i] + this->y_[i] + biases[i % shape.k]);
    Guarded<TypeParam> x(this->x_), filter(this->filter_), z(this->y_), bias(biases), y(this->y_);
    const float one = 1;
    ASSERT_EQ(cudnnConvolutionBiasActivationForward(l.handle, &one, l.x, x.data(), l.filter, filter.data(), l.conv,
                                                    kForward, this->workspace_, this->bytes_, &one, l.y, z.data(),
                                                    l.bias, bias.data(), l.activation, l.y, y.data()),
              CUDNN_STATUS_SUCCESS);
    expect_near(y.get(), expected, winograd_tolerance<TypeParam>(9 * shape.c, 3));
  }
}

TYPED_TEST(CudnnWinogradTest, ThePreferredAlgorithm) {
  this->use(kShapes[0]);
  cudnnConvolutionFwdAlgoPerf_t forward{};
  int returned = 0;
  const auto& l = this->layer_;
  ASSERT_EQ(cudnnGetConvolutionForwardAlgorithm_v7(l.handle, l.x, l.filter, l.conv, l.y, 1, &returned, &forward),
            CUDNN_STATUS_SUCCESS);
  EXPECT_EQ(forward.algo, kForward);
  EXPECT_EQ(forward.determinism, CUDNN_DETERMINISTIC);
  EXPECT_EQ(forward.mathType, CUDNN_FMA_MATH);
}

TEST(CudnnWinograd, RefusedWhereItDoesNotApply) {
  Layer layer(kShapes[0], CUDNN_DATA_FLOAT);
  const auto query = [&](const Shape& shape, cudnnDataType_t type) {
    size_t bytes = 0;
    layer.set(shape, type);
    return cudnnGetConvolutionForwardWorkspaceSize(layer.handle, layer.x, layer.filter, layer.conv, layer.y, kForward,
                                                   &bytes);
  };
  const auto altered = [](auto change) {
    Shape shape = kShapes[0];
    change(shape);
    return shape;
  };
  EXPECT_EQ(query(kShapes[0], CUDNN_DATA_FLOAT), CUDNN_STATUS_SUCCESS);
  EXPECT_EQ(query(kShapes[0], CUDNN_DATA_DOUBLE), CUDNN_STATUS_NOT_SUPPORTED);
  for (const Shape& shape :
       {altered([](Shape& s) { s.stride_h = s.stride_w = 2; }), altered([](Shape& s) { s.r = s.s = 5; }),
        altered([](Shape& s) { s.c = 24; }), altered([](Shape& s) { s.groups = 2; }),
        altered([](Shape& s) { s.h = s.w = 2; }), altered([](Shape& s) { s.n = 1, s.h = s.w = 4; })}) {
    SCOPED_TRACE(shape.name());
    EXPECT_EQ(query(shape, CUDNN_DATA_FLOAT), CUDNN_STATUS_NOT_SUPPORTED);
  }
}

}  // namespace
