// Tests of what cuDNN calls refuse, and of the queries.
#include <array>

#include "cudnn_fixture.h"

namespace {

using namespace vendor_test;

class CudnnChecksTest : public testing::Test {
 protected:
  CudnnChecksTest() : layer_(shape_, CUDNN_DATA_FLOAT), buffer_(random_values(4096, 1)) { layer_.reserve(); }

  cudnnStatus_t forward(cudnnConvolutionFwdAlgo_t algorithm = Layer::kForward) {
    return cudnnConvolutionForward(layer_.handle, &one_, layer_.x, buffer_.data(), layer_.filter, buffer_.data(),
                                   layer_.conv, algorithm, layer_.workspace, layer_.bytes, &zero_, layer_.y,
                                   buffer_.data() + 2048);
  }

  cudnnStatus_t activate() {
    return cudnnConvolutionBiasActivationForward(layer_.handle, &one_, layer_.x, buffer_.data(), layer_.filter,
                                                 buffer_.data(), layer_.conv, algorithm_, layer_.workspace,
                                                 layer_.bytes, &zero_, layer_.y, buffer_.data() + 2048, layer_.bias,
                                                 buffer_.data(), layer_.activation, layer_.y, buffer_.data() + 2048);
  }

  cudnnStatus_t bias_gradient() {
    return cudnnConvolutionBackwardBias(layer_.handle, &one_, layer_.y, buffer_.data(), &zero_, layer_.bias,
                                        buffer_.data() + 2048);
  }

  Shape shape_{.n = 1, .h = 5, .w = 4, .c = 4, .k = 8};
  Layer layer_;
  Guarded<float> buffer_;
  const float one_ = 1.0f, zero_ = 0.0f;
  cudnnConvolutionFwdAlgo_t algorithm_ = Layer::kForward;
};

TEST_F(CudnnChecksTest, ShapesMustFit) {
  EXPECT_EQ(forward(), CUDNN_STATUS_SUCCESS);
  const auto breaks = [&](auto set) {
    layer_.set(shape_, CUDNN_DATA_FLOAT);
    EXPECT_EQ(set(), CUDNN_STATUS_SUCCESS);
    EXPECT_EQ(forward(), CUDNN_STATUS_BAD_PARAM);
  };
  const auto tensor = [&](cudnnTensorDescriptor_t desc, cudnnDataType_t type, int n, int c, int h, int w) {
    return cudnnSetTensor4dDescriptor(desc, CUDNN_TENSOR_NHWC, type, n, c, h, w);
  };
  breaks([&] { return tensor(layer_.x, CUDNN_DATA_FLOAT, 1, 5, 5, 4); });
  breaks([&] { return tensor(layer_.x, CUDNN_DATA_DOUBLE, 1, 4, 5, 4); });
  breaks([&] { return tensor(layer_.y, CUDNN_DATA_FLOAT, 2, 8, 5, 4); });
  breaks([&] { return tensor(layer_.y, CUDNN_DATA_FLOAT, 1, 7, 5, 4); });
  breaks([&] { return tensor(layer_.y, CUDNN_DATA_FLOAT, 1, 8, 4, 4); });
  breaks([&] { return tensor(layer_.y, CUDNN_DATA_BFLOAT16, 1, 8, 5, 4); });
  breaks([&] { return cudnnSetConvolutionGroupCount(layer_.conv, 2); });
  breaks([&] { return cudnnSetFilter4dDescriptor(layer_.filter, CUDNN_DATA_FLOAT, CUDNN_TENSOR_NHWC, 8, 4, 9, 3); });
}

TEST_F(CudnnChecksTest, OtherFormatsTypesAndAlgorithmsAreNotSupported) {
  const auto breaks = [&](auto set) {
    layer_.set(shape_, CUDNN_DATA_FLOAT);
    EXPECT_EQ(set(), CUDNN_STATUS_SUCCESS);
    EXPECT_EQ(forward(), CUDNN_STATUS_NOT_SUPPORTED);
  };
  breaks([&] { return cudnnSetTensor4dDescriptor(layer_.x, CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, 1, 4, 5, 4); });
  breaks([&] { return cudnnSetTensor4dDescriptorEx(layer_.y, CUDNN_DATA_FLOAT, 1, 8, 5, 4, 320, 1, 64, 16); });
  breaks([&] { return cudnnSetFilter4dDescriptor(layer_.filter, CUDNN_DATA_FLOAT, CUDNN_TENSOR_NCHW, 8, 4, 3, 3); });
  breaks([&] {
    return cudnnSetConvolution2dDescriptor(layer_.conv, 1, 1, 1, 1, 1, 1, CUDNN_CONVOLUTION, CUDNN_DATA_FLOAT);
  });
  breaks([&] {
    return cudnnSetConvolution2dDescriptor(layer_.conv, 1, 1, 1, 1, 1, 1, CUDNN_CROSS_CORRELATION, CUDNN_DATA_DOUBLE);
  });
  breaks([&] {
    layer_.set(shape_, CUDNN_DATA_HALF);
    return CUDNN_STATUS_SUCCESS;
  });
  layer_.set(shape_, CUDNN_DATA_FLOAT);
  EXPECT_EQ(forward(CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM), CUDNN_STATUS_SUCCESS);
  EXPECT_EQ(forward(CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD), CUDNN_STATUS_NOT_SUPPORTED);
  EXPECT_EQ(forward(static_cast<cudnnConvolutionFwdAlgo_t>(99)), CUDNN_STATUS_BAD_PARAM);
  layer_.set(shape_, CUDNN_DATA_BFLOAT16);
  EXPECT_EQ(forward(CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM), CUDNN_STATUS_NOT_SUPPORTED);
}

TEST_F(CudnnChecksTest, NullArguments) {
  float* data = buffer_.data();
  const auto call = [&](cudnnHandle_t handle, const void* alpha, cudnnTensorDescriptor_t x_desc, const void* x,
                        const void* w, const void* beta, void* y, size_t bytes) {
    return cudnnConvolutionForward(handle, alpha, x_desc, x, layer_.filter, w, layer_.conv, Layer::kForward,
                                   layer_.workspace, bytes, beta, layer_.y, y);
  };
  cudnnHandle_t handle = layer_.handle;
  const size_t bytes = layer_.bytes;
  EXPECT_EQ(call(nullptr, &one_, layer_.x, data, data, &zero_, data + 2048, bytes), CUDNN_STATUS_BAD_PARAM);
  EXPECT_EQ(call(handle, nullptr, layer_.x, data, data, &zero_, data + 2048, bytes), CUDNN_STATUS_BAD_PARAM);
  EXPECT_EQ(call(handle, &one_, nullptr, data, data, &zero_, data + 2048, bytes), CUDNN_STATUS_BAD_PARAM);
  EXPECT_EQ(call(handle, &one_, layer_.x, nullptr, data, &zero_, data + 2048, bytes), CUDNN_STATUS_BAD_PARAM);
  EXPECT_EQ(call(handle, &one_, layer_.x, data, nullptr, &zero_, data + 2048, bytes), CUDNN_STATUS_BAD_PARAM);
  EXPECT_EQ(call(handle, &one_, layer_.x, data, data, nullptr, data + 2048, bytes), CUDNN_STATUS_BAD_PARAM);
  EXPECT_EQ(call(handle, &one_, layer_.x, data, data, &zero_, nullptr, bytes), CUDNN_STATUS_BAD_PARAM);
  EXPECT_EQ(call(handle, &one_, layer_.x, data, data, &zero_, data + 2048, 0), CUDNN_STATUS_BAD_PARAM);
  cudnnTensorDescriptor_t unset;
  ASSERT_EQ(cudnnCreateTensorDescriptor(&unset), CUDNN_STATUS_SUCCESS);
  EXPECT_EQ(call(handle, &one_, unset, data, data, &zero_, data + 2048, bytes), CUDNN_STATUS_BAD_PARAM);
  ASSERT_EQ(cudnnDestroyTensorDescriptor(unset), CUDNN_STATUS_SUCCESS);
}

TEST_F(CudnnChecksTest, Activations) {
  EXPECT_EQ(activate(), CUDNN_STATUS_BAD_PARAM);  // never set
  const auto set = [&](cudnnActivationMode_t mode) {
    ASSERT_EQ(cudnnSetActivationDescriptor(layer_.activation, mode, CUDNN_PROPAGATE_NAN, 0.0), CUDNN_STATUS_SUCCESS);
  };
  set(CUDNN_ACTIVATION_TANH);
  EXPECT_EQ(activate(), CUDNN_STATUS_NOT_SUPPORTED);
  set(CUDNN_ACTIVATION_RELU);
  EXPECT_EQ(activate(), CUDNN_STATUS_SUCCESS);
  algorithm_ = CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM;
  EXPECT_EQ(activate(), CUDNN_STATUS_SUCCESS);
  set(CUDNN_ACTIVATION_IDENTITY);
  EXPECT_EQ(activate(), CUDNN_STATUS_NOT_SUPPORTED);
  algorithm_ = Layer::kForward;
  EXPECT_EQ(activate(), CUDNN_STATUS_SUCCESS);
  ASSERT_EQ(cudnnSetTensor4dDescriptor(layer_.bias, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 1, 9, 1, 1),
            CUDNN_STATUS_SUCCESS);
  EXPECT_EQ(activate(), CUDNN_STATUS_BAD_PARAM);
  EXPECT_EQ(bias_gradient(), CUDNN_STATUS_BAD_PARAM);
  EXPECT_EQ(cudnnSetActivationDescriptor(nullptr, CUDNN_ACTIVATION_RELU, CUDNN_PROPAGATE_NAN, 0.0),
            CUDNN_STATUS_BAD_PARAM);
}

TEST_F(CudnnChecksTest, Descriptors) {
  auto* x = layer_.x;
  EXPECT_EQ(cudnnSetTensor4dDescriptor(x, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 0, 1, 1, 1), CUDNN_STATUS_BAD_PARAM);
  EXPECT_EQ(cudnnSetTensor4dDescriptor(nullptr, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 1, 1, 1, 1),
            CUDNN_STATUS_BAD_PARAM);
  EXPECT_EQ(cudnnSetTensor4dDescriptor(x, CUDNN_TENSOR_NHWC, static_cast<cudnnDataType_t>(77), 1, 1, 1, 1),
            CUDNN_STATUS_BAD_PARAM);
  EXPECT_EQ(cudnnSetTensor4dDescriptor(x, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 65536, 65536, 1, 1),
            CUDNN_STATUS_NOT_SUPPORTED);
  EXPECT_EQ(cudnnSetFilter4dDescriptor(layer_.filter, CUDNN_DATA_FLOAT, CUDNN_TENSOR_NHWC, 1, 1, -1, 1),
            CUDNN_STATUS_BAD_PARAM);
  const auto convolution = [&](int pad, int stride, int dilation) {
    return cudnnSetConvolution2dDescriptor(layer_.conv, pad, 0, stride, 1, dilation, 1, CUDNN_CROSS_CORRELATION,
                                           CUDNN_DATA_FLOAT);
  };
  EXPECT_EQ(convolution(-1, 1, 1), CUDNN_STATUS_BAD_PARAM);
  EXPECT_EQ(convolution(0, 0, 1), CUDNN_STATUS_BAD_PARAM);
  EXPECT_EQ(convolution(0, 1, 0), CUDNN_STATUS_BAD_PARAM);
  EXPECT_EQ(cudnnSetConvolutionGroupCount(layer_.conv, 0), CUDNN_STATUS_BAD_PARAM);
  EXPECT_EQ(cudnnSetConvolutionMathType(layer_.conv, static_cast<cudnnMathType_t>(9)), CUDNN_STATUS_BAD_PARAM);
}

TEST_F(CudnnChecksTest, DescriptorsAreReadBack) {
  cudnnDataType_t type;
  std::array<int, 8> v{};
  ASSERT_EQ(cudnnGetTensor4dDescriptor(layer_.x, &type, &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7]),
            CUDNN_STATUS_SUCCESS);
  EXPECT_EQ(v, (std::array<int, 8>{1, 4, 5, 4, 80, 1, 16, 4}));
  cudnnTensorFormat_t format;
  ASSERT_EQ(cudnnGetFilter4dDescriptor(layer_.filter, &type, &format, &v[0], &v[1], &v[2], &v[3]),
            CUDNN_STATUS_SUCCESS);
  EXPECT_EQ((std::array<int, 4>{v[0], v[1], v[2], v[3]}), (std::array<int, 4>{8, 4, 3, 3}));
  ASSERT_EQ(cudnnGetConvolution2dForwardOutputDim(layer_.conv, layer_.x, layer_.filter, &v[0], &v[1], &v[2], &v[3]),
            CUDNN_STATUS_SUCCESS);
  EXPECT_EQ((std::array<int, 4>{v[0], v[1], v[2], v[3]}), (std::array<int, 4>{1, 8, 5, 4}));
  EXPECT_EQ(cudnnGetVersion(), size_t{CUDNN_VERSION});
  EXPECT_STREQ(cudnnGetErrorString(CUDNN_STATUS_BAD_PARAM), "CUDNN_STATUS_BAD_PARAM");
}

TEST_F(CudnnChecksTest, AlgorithmQueries) {
  cudnnConvolutionFwdAlgoPerf_t forward[8];
  cudnnConvolutionBwdDataAlgoPerf_t data[8];
  cudnnConvolutionBwdFilterAlgoPerf_t filter[8];
  int count = 0;
  ASSERT_EQ(cudnnGetConvolutionForwardAlgorithm_v7(layer_.handle, layer_.x, layer_.filter, layer_.conv, layer_.y, 8,
                                                   &count, forward),
            CUDNN_STATUS_SUCCESS);
  EXPECT_EQ(count, 2);
  EXPECT_EQ(forward[0].algo, Layer::kForward);
  size_t bytes = 0;
  ASSERT_EQ(cudnnGetConvolutionForwardWorkspaceSize(layer_.handle, layer_.x, layer_.filter, layer_.conv, layer_.y,
                                                    forward[0].algo, &bytes),
            CUDNN_STATUS_SUCCESS);
  EXPECT_EQ(forward[0].memory, bytes);
  ASSERT_EQ(cudnnGetConvolutionBackwardDataAlgorithm_v7(layer_.handle, layer_.filter, layer_.y, layer_.conv, layer_.x,
                                                        1, &count, data),
            CUDNN_STATUS_SUCCESS);
  EXPECT_EQ(count, 1);
  EXPECT_EQ(data[0].algo, Layer::kData);
  layer_.set(shape_, CUDNN_DATA_BFLOAT16);
  ASSERT_EQ(cudnnGetConvolutionBackwardFilterAlgorithm_v7(layer_.handle, layer_.x, layer_.y, layer_.conv, layer_.filter,
                                                          8, &count, filter),
            CUDNN_STATUS_SUCCESS);
  EXPECT_EQ(count, 1);
  EXPECT_EQ(filter[0].algo, Layer::kFilter);
  EXPECT_EQ(filter[0].determinism, CUDNN_DETERMINISTIC);
  EXPECT_EQ(cudnnGetConvolutionForwardAlgorithm_v7(layer_.handle, layer_.x, layer_.filter, layer_.conv, layer_.y, 0,
                                                   &count, forward),
            CUDNN_STATUS_BAD_PARAM);
}

}  // namespace
