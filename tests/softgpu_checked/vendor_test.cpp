#include <cublas_v2.h>
#include <cudnn.h>

#include "kernel_fixture.h"

namespace {

/// The memory that vendor routines read must be defined; memory that they do not read need not be.
class VendorReads : public CheckedKernel {
 protected:
  void SetUp() override {
    CheckedKernel::SetUp();
    ASSERT_EQ(cudaMalloc(&fresh_, kInts * sizeof(float)), cudaSuccess);
    ASSERT_EQ(cublasCreate(&cublas_), CUBLAS_STATUS_SUCCESS);
    ASSERT_EQ(cudnnCreate(&cudnn_), CUDNN_STATUS_SUCCESS);
  }
  void TearDown() override {
    EXPECT_EQ(cudnnDestroy(cudnn_), CUDNN_STATUS_SUCCESS);
    EXPECT_EQ(cublasDestroy(cublas_), CUBLAS_STATUS_SUCCESS);
    EXPECT_EQ(cudaFree(fresh_), cudaSuccess);
    CheckedKernel::TearDown();
  }

  float* defined() { return reinterpret_cast<float*>(data); }
  /// Device memory in which only these floats have been written.
  float* with_only(size_t first, size_t count) {
    EXPECT_EQ(cudaMemset(fresh_ + first, 0, count * sizeof(float)), cudaSuccess);
    return fresh_;
  }

  void multiply(const float* a, int lda, float beta, float* c, int ldc) {
    const float one = 1.0f;
    ASSERT_EQ(cublasSgemm(cublas_, CUBLAS_OP_N, CUBLAS_OP_N, 8, 4, 16, &one, a, lda, defined(), 16, &beta, c, ldc),
              CUBLAS_STATUS_SUCCESS);
    ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  }

  size_t uninitialised_reads_by(const std::string& routine) {
    const auto found = findings();
    for (const auto& finding : found) {
      EXPECT_EQ(finding["kind"], "uninitialised-global") << text(found);
      EXPECT_EQ(finding["parties"][0]["what"], "read by " + routine) << text(found);
    }
    return found.size();
  }

  cublasHandle_t cublas_ = nullptr;
  cudnnHandle_t cudnn_ = nullptr;
  float* fresh_ = nullptr;
};

TEST_F(VendorReads, AProductReadsItsFactorsAndNotTheGapsBetweenColumns) {
  for (int column = 0; column < 16; ++column) with_only(static_cast<size_t>(column) * 10, 8);
  multiply(fresh_, 10, 0.0f, defined() + 4096, 8);
  EXPECT_EQ(uninitialised_reads_by("cublasGemmEx"), 0u);
  multiply(fresh_, 11, 0.0f, defined() + 4096, 8);
  EXPECT_EQ(uninitialised_reads_by("cublasGemmEx"), 1u);
}

TEST_F(VendorReads, AProductReadsTheResultWithBetaOnlyAndDefinesIt) {
  multiply(defined(), 8, 0.0f, fresh_, 9);
  expect_clean();
  multiply(defined(), 8, 1.0f, fresh_, 9);
  expect_clean();
}

TEST_F(VendorReads, TheGradientOfABias) {
  cudnnTensorDescriptor_t dy, db;
  ASSERT_EQ(cudnnCreateTensorDescriptor(&dy), CUDNN_STATUS_SUCCESS);
  ASSERT_EQ(cudnnCreateTensorDescriptor(&db), CUDNN_STATUS_SUCCESS);
  ASSERT_EQ(cudnnSetTensor4dDescriptor(dy, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 2, 8, 3, 3), CUDNN_STATUS_SUCCESS);
  ASSERT_EQ(cudnnSetTensor4dDescriptor(db, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 1, 8, 1, 1), CUDNN_STATUS_SUCCESS);
  const float one = 1.0f, zero = 0.0f;
  float* const sums = with_only(0, 2 * 9 * 8) + 1000;
  ASSERT_EQ(cudnnConvolutionBackwardBias(cudnn_, &one, dy, fresh_, &zero, db, sums), CUDNN_STATUS_SUCCESS);
  ASSERT_EQ(cudnnConvolutionBackwardBias(cudnn_, &one, dy, fresh_, &one, db, sums), CUDNN_STATUS_SUCCESS);
  ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  expect_clean();
  ASSERT_EQ(cudnnConvolutionBackwardBias(cudnn_, &one, dy, fresh_, &one, db, sums + 1), CUDNN_STATUS_SUCCESS);
  ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  EXPECT_EQ(uninitialised_reads_by("cudnnConvolutionBackwardBias"), 1u);
  EXPECT_EQ(cudnnDestroyTensorDescriptor(dy), CUDNN_STATUS_SUCCESS);
  EXPECT_EQ(cudnnDestroyTensorDescriptor(db), CUDNN_STATUS_SUCCESS);
}

}  // namespace
