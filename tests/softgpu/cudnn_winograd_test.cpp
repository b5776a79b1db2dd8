#include "cudnn_fixture.h"

namespace {

using namespace vendor_test;

// The smallest layer for which the queries offer Winograd's algorithm, with maps that its tiles of 4x4 do not fill.
const Shape kShape{.n = 16, .h = 15, .w = 14, .c = 32, .k = 48};

class CudnnWinogradTest : public testing::Test {
 protected:
  void SetUp() override {
    int returned = 0;
    ASSERT_EQ(cudnnGetConvolutionForwardAlgorithm_v7(layer_.handle, layer_.x, layer_.filter, layer_.conv, layer_.y, 1,
                                                     &returned, &forward_),
              CUDNN_STATUS_SUCCESS);
    ASSERT_EQ(cudnnGetConvolutionBackwardDataAlgorithm_v7(layer_.handle, layer_.filter, layer_.y, layer_.conv, layer_.x,
                                                          1, &returned, &data_),
              CUDNN_STATUS_SUCCESS);
    if (forward_.algo != CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD_NONFUSED)
      GTEST_SKIP() << "this oneDNN has no Winograd convolution for this processor";
    ASSERT_EQ(data_.algo, CUDNN_CONVOLUTION_BWD_DATA_ALGO_WINOGRAD_NONFUSED);
    ASSERT_EQ(cudaMalloc(&workspace_, std::max(forward_.memory, data_.memory)), cudaSuccess);
  }
  void TearDown() override { cudaFree(workspace_); }

  Layer layer_{kShape, CUDNN_DATA_FLOAT};
  cudnnConvolutionFwdAlgoPerf_t forward_{};
  cudnnConvolutionBwdDataAlgoPerf_t data_{};
  void* workspace_ = nullptr;
  const std::vector<double> x_ = random_values(kShape.x_size(), 1), y_ = random_values(kShape.y_size(), 3);
  const std::vector<double> filter_ = random_values(kShape.filter_size(), 2);
};

/// alpha 1 with beta 0 is the primitive by itself; others scale and add its product.
constexpr float kScalars[][2] = {{1, 0}, {1, 1}, {2, 0.5}};

TEST_F(CudnnWinogradTest, Forward) {
  std::vector<double> sum(static_cast<size_t>(kShape.y_size()));
  for_each_product(kShape, [&](int x, int w, int y) { sum[y] += x_[x] * filter_[w]; });
  Guarded<float> x(x_), filter(filter_), y(y_);
  for (const auto& [alpha, beta] : kScalars) {
    y.set(y_);
    ASSERT_EQ(
        cudnnConvolutionForward(layer_.handle, &alpha, layer_.x, x.data(), layer_.filter, filter.data(), layer_.conv,
                                forward_.algo, workspace_, forward_.memory, &beta, layer_.y, y.data()),
        CUDNN_STATUS_SUCCESS);
    std::vector<double> want(sum.size());
    for (size_t i = 0; i < sum.size(); ++i) want[i] = alpha * sum[i] + beta * y_[i];
    expect_near(y.get(), want, tolerance<float>(9 * kShape.c, alpha + beta));
  }
}

TEST_F(CudnnWinogradTest, DataGradient) {
  std::vector<double> sum(static_cast<size_t>(kShape.x_size()));
  for_each_product(kShape, [&](int x, int w, int y) { sum[x] += y_[y] * filter_[w]; });
  Guarded<float> dx(x_), filter(filter_), dy(y_);
  for (const auto& [alpha, beta] : kScalars) {
    dx.set(x_);
    ASSERT_EQ(
        cudnnConvolutionBackwardData(layer_.handle, &alpha, layer_.filter, filter.data(), layer_.y, dy.data(),
                                     layer_.conv, data_.algo, workspace_, data_.memory, &beta, layer_.x, dx.data()),
        CUDNN_STATUS_SUCCESS);
    std::vector<double> want(sum.size());
    for (size_t i = 0; i < sum.size(); ++i) want[i] = alpha * sum[i] + beta * x_[i];
    expect_near(dx.get(), want, tolerance<float>(9 * kShape.k, alpha + beta));
  }
}

TEST_F(CudnnWinogradTest, FilterGradient) {
  cudnnConvolutionBwdFilterAlgoPerf_t choice{};
  int returned = 0;
  ASSERT_EQ(cudnnGetConvolutionBackwardFilterAlgorithm_v7(layer_.handle, layer_.x, layer_.y, layer_.conv, layer_.filter,
                                                          1, &returned, &choice),
            CUDNN_STATUS_SUCCESS);
  ASSERT_EQ(choice.algo, CUDNN_CONVOLUTION_BWD_FILTER_ALGO_WINOGRAD_NONFUSED);
  void* workspace = nullptr;
  ASSERT_EQ(cudaMalloc(&workspace, choice.memory), cudaSuccess);
  std::vector<double> sum(static_cast<size_t>(kShape.filter_size()));
  for_each_product(kShape, [&](int x, int w, int y) { sum[w] += x_[x] * y_[y]; });
  Guarded<float> x(x_), dw(filter_), dy(y_);
  for (const auto& [alpha, beta] : kScalars) {
    dw.set(filter_);
    ASSERT_EQ(
        cudnnConvolutionBackwardFilter(layer_.handle, &alpha, layer_.x, x.data(), layer_.y, dy.data(), layer_.conv,
                                       choice.algo, workspace, choice.memory, &beta, layer_.filter, dw.data()),
        CUDNN_STATUS_SUCCESS);
    std::vector<double> want(sum.size());
    for (size_t i = 0; i < sum.size(); ++i) want[i] = alpha * sum[i] + beta * filter_[i];
    expect_near(dw.get(), want, tolerance<float>(kShape.n * kShape.p() * kShape.q(), alpha + beta));
  }
  EXPECT_EQ(cudaFree(workspace), cudaSuccess);
}

TEST_F(CudnnWinogradTest, RefusedWhereItDoesNotApply) {
  size_t bytes = 0;
  const auto query = [&](const Shape& shape, cudnnDataType_t type) {
    layer_.set(shape, type);
    return cudnnGetConvolutionForwardWorkspaceSize(layer_.handle, layer_.x, layer_.filter, layer_.conv, layer_.y,
                                                   CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD_NONFUSED, &bytes);
  };
  EXPECT_EQ(query(kShape, CUDNN_DATA_FLOAT), CUDNN_STATUS_SUCCESS);
  EXPECT_EQ(query(kShape, CUDNN_DATA_BFLOAT16), CUDNN_STATUS_NOT_SUPPORTED);
  Shape strided = kShape;
  strided.stride_h = strided.stride_w = 2;
  EXPECT_EQ(query(strided, CUDNN_DATA_FLOAT), CUDNN_STATUS_NOT_SUPPORTED);
  Shape wide = kShape;
  wide.r = wide.s = 5;
  EXPECT_EQ(query(wide, CUDNN_DATA_FLOAT), CUDNN_STATUS_NOT_SUPPORTED);
}

}  // namespace
