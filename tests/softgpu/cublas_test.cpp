// Tests of cuBLAS against products in double.
#include <cublas_v2.h>

#include <string>
#include <tuple>

#include "vendor_buffers.h"

namespace {

using namespace vendor_test;

template <class T>
constexpr cudaDataType kType = std::is_same_v<T, double>  ? CUDA_R_64F
                               : std::is_same_v<T, float> ? CUDA_R_32F
                                                          : CUDA_R_16BF;

struct Problem {
  int m, n, k;
  bool transposed_a = false, transposed_b = false;
  double alpha = 1.0, beta = 0.0;
  int pad = 0;  // added to every leading dimension

  int lda() const { return std::max(1, transposed_a ? k : m) + pad; }
  int ldb() const { return std::max(1, transposed_b ? n : k) + pad; }
  int ldc() const { return std::max(1, m) + pad; }
  int64_t size_a() const { return int64_t{lda()} * (transposed_a ? m : k); }
  int64_t size_b() const { return int64_t{ldb()} * (transposed_b ? k : n); }
  int64_t size_c() const { return int64_t{ldc()} * n; }
};

/// The expected C. The padding between the columns keeps its values.
std::vector<double> oracle(const Problem& p, const std::vector<double>& a, const std::vector<double>& b,
                           std::vector<double> c) {
  for (int j = 0; j < p.n; ++j) {
    for (int i = 0; i < p.m; ++i) {
      double sum = 0.0;
      for (int l = 0; l < p.k; ++l) {
        sum += a[p.transposed_a ? i * p.lda() + l : l * p.lda() + i] *
               b[p.transposed_b ? l * p.ldb() + j : j * p.ldb() + l];
      }
      double& out = c[j * p.ldc() + i];
      out = p.alpha * sum + (p.beta == 0.0 ? 0.0 : p.beta * out);
    }
  }
  return c;
}

class CublasTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(cublasCreate(&handle_), CUBLAS_STATUS_SUCCESS); }
  void TearDown() override { EXPECT_EQ(cublasDestroy(handle_), CUBLAS_STATUS_SUCCESS); }

  template <class In, class Out>
  cublasStatus_t gemm(const Problem& p, In* a, In* b, Out* c) {
    const float alpha = static_cast<float>(p.alpha), beta = static_cast<float>(p.beta);
    const bool f64 = std::is_same_v<Out, double>;
    return cublasGemmEx(handle_, p.transposed_a ? CUBLAS_OP_T : CUBLAS_OP_N, p.transposed_b ? CUBLAS_OP_T : CUBLAS_OP_N,
                        p.m, p.n, p.k, f64 ? static_cast<const void*>(&p.alpha) : &alpha, a, kType<In>, p.lda(), b,
                        kType<In>, p.ldb(), f64 ? static_cast<const void*>(&p.beta) : &beta, c, kType<Out>, p.ldc(),
                        f64 ? CUBLAS_COMPUTE_64F : CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT);
  }

  template <class In, class Out>
  void check(const Problem& p) {
    SCOPED_TRACE(testing::Message() << p.m << 'x' << p.n << 'x' << p.k << (p.transposed_a ? " T" : " N")
                                    << (p.transposed_b ? "T" : "N") << " alpha " << p.alpha << " beta " << p.beta
                                    << " pad " << p.pad << " types " << kType<In> << "->" << kType<Out>);
    const auto a = random_values(p.size_a(), 1), b = random_values(p.size_b(), 2);
    std::vector<double> c = p.beta == 0.0 ? nans(p.size_c()) : random_values(p.size_c(), 3);
    Guarded<In> device_a(a), device_b(b);
    Guarded<Out> device_c(c);
    ASSERT_EQ(gemm(p, device_a.data(), device_b.data(), device_c.data()), CUBLAS_STATUS_SUCCESS);
    const double magnitude = std::abs(p.alpha) * std::sqrt(p.k + 1.0) + std::abs(p.beta);
    const double tolerance =
        kEpsilon<Out> * magnitude * 4.0 + (std::is_same_v<Out, double> ? 0x1p-48 : 0x1p-20) * (p.k + 1);
    expect_near(device_c.get(), oracle(p, a, b, c), tolerance);
    const auto first = device_c.get();
    device_c.set(c);
    ASSERT_EQ(gemm(p, device_a.data(), device_b.data(), device_c.data()), CUBLAS_STATUS_SUCCESS);
    expect_same(device_c.get(), first);
  }

  void check_all_types(const Problem& p) {
    check<float, float>(p);
    check<__nv_bfloat16, __nv_bfloat16>(p);
    check<__nv_bfloat16, float>(p);
    check<double, double>(p);
  }

  cublasHandle_t handle_ = nullptr;
};

TEST_F(CublasTest, ProductsOfAllSizesAndTransposes) {
  for (const auto& [m, n, k] : {std::tuple{1, 1, 1},
                                {2, 3, 1},
                                {1, 33, 7},
                                {33, 1, 64},
                                {7, 2, 31},
                                {31, 32, 33},
                                {65, 64, 63},
                                {10, 128, 120},
                                {129, 66, 130}}) {
    for (const int transposes : {0, 1, 2, 3}) {
      check_all_types({.m = m,
                       .n = n,
                       .k = k,
                       .transposed_a = (transposes & 1) != 0,
                       .transposed_b = (transposes & 2) != 0,
                       .pad = transposes == 2 ? 5 : 0});
    }
  }
}

TEST_F(CublasTest, AlphaAndBeta) {
  for (const double alpha : {0.0, 1.0, -1.0, 0.25}) {
    for (const double beta : {0.0, 1.0, -0.5, 2.0}) {
      for (const int pad : {0, 3}) {
        check_all_types(
            {.m = 19, .n = 37, .k = 21, .transposed_b = pad != 0, .alpha = alpha, .beta = beta, .pad = pad});
      }
    }
  }
}

TEST_F(CublasTest, LayersOfAPerceptron) {
  check_all_types({.m = 120, .n = 128, .k = 784, .transposed_a = true});
  check_all_types({.m = 784, .n = 128, .k = 120});
  check_all_types({.m = 784, .n = 120, .k = 128, .transposed_b = true});
  check_all_types({.m = 784, .n = 120, .k = 128, .transposed_b = true, .beta = 1.0});
}

TEST_F(CublasTest, EmptySizes) {
  check_all_types({.m = 0, .n = 3, .k = 2});
  check_all_types({.m = 3, .n = 0, .k = 2});
  for (const double beta : {0.0, 1.0, -2.0}) check_all_types({.m = 5, .n = 3, .k = 0, .beta = beta});
}

TEST_F(CublasTest, FactorsThatDoNotCountAreNotRead) {
  Guarded<float> a(nans(4)), b(nans(4)), c({1, 2, 3, 4});
  ASSERT_EQ(gemm<float>({.m = 2, .n = 2, .k = 2, .alpha = 0.0, .beta = 3.0}, a.data(), b.data(), c.data()),
            CUBLAS_STATUS_SUCCESS);
  expect_same(c.get(), {3, 6, 9, 12});
}

TEST_F(CublasTest, NanInAFactorReachesItsRowOnly) {
  const Problem p{.m = 3, .n = 4, .k = 20};
  auto a = random_values(p.size_a(), 1), b = std::vector<double>(p.size_b(), 0.0);
  a[1 + 7 * 3] = std::numeric_limits<double>::quiet_NaN();
  Guarded<float> device_a(a), device_b(b), c(random_values(p.size_c(), 2));
  Guarded<__nv_bfloat16> half_a(a), half_b(b), half_c(random_values(p.size_c(), 2));
  ASSERT_EQ(gemm(p, device_a.data(), device_b.data(), c.data()), CUBLAS_STATUS_SUCCESS);
  ASSERT_EQ(gemm(p, half_a.data(), half_b.data(), half_c.data()), CUBLAS_STATUS_SUCCESS);
  const auto expected = oracle(p, a, b, std::vector<double>(p.size_c(), 0.0));
  expect_same(c.get(), expected);
  expect_same(half_c.get(), expected);
}

TEST_F(CublasTest, StridedBatches) {
  const Problem p{.m = 5, .n = 4, .k = 6, .transposed_a = true, .alpha = 1.0, .beta = 1.0};
  constexpr int kBatch = 3;
  const auto a = random_values(p.size_a() * kBatch, 1), b = random_values(p.size_b(), 2);
  const auto c = random_values((p.size_c() + 2) * kBatch, 3);
  Guarded<float> device_a(a), device_b(b), device_c(c);
  const float one = 1.0f;
  ASSERT_EQ(
      cublasGemmStridedBatchedEx(handle_, CUBLAS_OP_T, CUBLAS_OP_N, p.m, p.n, p.k, &one, device_a.data(), CUDA_R_32F,
                                 p.lda(), p.size_a(), device_b.data(), CUDA_R_32F, p.ldb(), 0, &one, device_c.data(),
                                 CUDA_R_32F, p.ldc(), p.size_c() + 2, kBatch, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT),
      CUBLAS_STATUS_SUCCESS);
  std::vector<double> expected = c;
  for (int i = 0; i < kBatch; ++i) {
    const auto at = expected.begin() + i * (p.size_c() + 2);
    const auto part =
        oracle(p, {a.begin() + i * p.size_a(), a.begin() + (i + 1) * p.size_a()}, b, {at, at + p.size_c()});
    std::copy(part.begin(), part.end(), at);
  }
  expect_near(device_c.get(), expected, 1e-5);
}

TEST_F(CublasTest, SgemmAndDgemm) {
  const Problem p{.m = 9, .n = 5, .k = 8, .alpha = 0.5, .beta = -1.5};
  const auto a = random_values(p.size_a(), 1), b = random_values(p.size_b(), 2), c = random_values(p.size_c(), 3);
  Guarded<float> sa(a), sb(b), sc(c);
  Guarded<double> da(a), db(b), dc(c);
  const float alpha = 0.5f, beta = -1.5f;
  ASSERT_EQ(
      cublasSgemm(handle_, CUBLAS_OP_N, CUBLAS_OP_N, 9, 5, 8, &alpha, sa.data(), 9, sb.data(), 8, &beta, sc.data(), 9),
      CUBLAS_STATUS_SUCCESS);
  ASSERT_EQ(cublasDgemm(handle_, CUBLAS_OP_N, CUBLAS_OP_N, 9, 5, 8, &p.alpha, da.data(), 9, db.data(), 8, &p.beta,
                        dc.data(), 9),
            CUBLAS_STATUS_SUCCESS);
  expect_near(sc.get(), oracle(p, a, b, c), 1e-5);
  expect_near(dc.get(), oracle(p, a, b, c), 1e-14);
}

TEST_F(CublasTest, ReplayEqualsTheCall) {
  for (const double beta : {1.0, 0.5}) {  // 1 uses a primitive that accumulates, 0.5 one that is followed by a scaling
    const Problem p{.m = 12, .n = 10, .k = 40, .beta = beta};
    const auto a = random_values(p.size_a(), 1), b = random_values(p.size_b(), 2), c = random_values(p.size_c(), 3);
    Guarded<float> device_a(a), device_b(b), called(c), replayed(c);
    ASSERT_EQ(cublasSetStream(handle_, nullptr), CUBLAS_STATUS_SUCCESS);
    for (int i = 0; i < 3; ++i) {
      ASSERT_EQ(gemm(p, device_a.data(), device_b.data(), called.data()), CUBLAS_STATUS_SUCCESS);
    }
    capture_and_replay(
        [&](cudaStream_t stream) {
          ASSERT_EQ(cublasSetStream(handle_, stream), CUBLAS_STATUS_SUCCESS);
          ASSERT_EQ(gemm(p, device_a.data(), device_b.data(), replayed.data()), CUBLAS_STATUS_SUCCESS);
        },
        3);
    expect_same(replayed.get(), called.get());
  }
}

TEST_F(CublasTest, ArgumentChecks) {
  Guarded<float> buffer(random_values(64, 1));
  float* x = buffer.data();
  const float one = 1.0f;
  const auto call = [&](cublasHandle_t handle, int transa, int m, int n, int k, int lda, int ldb, int ldc,
                        const float* alpha, const float* a, float* c) {
    return cublasSgemm(handle, static_cast<cublasOperation_t>(transa), CUBLAS_OP_N, m, n, k, alpha, a, lda, x, ldb,
                       &one, c, ldc);
  };
  EXPECT_EQ(call(nullptr, 0, 2, 2, 2, 2, 2, 2, &one, x, x), CUBLAS_STATUS_NOT_INITIALIZED);
  EXPECT_EQ(call(handle_, 7, 2, 2, 2, 2, 2, 2, &one, x, x), CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(call(handle_, 0, -1, 2, 2, 2, 2, 2, &one, x, x), CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(call(handle_, 0, 2, -1, 2, 2, 2, 2, &one, x, x), CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(call(handle_, 0, 2, 2, -1, 2, 2, 2, &one, x, x), CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(call(handle_, 0, 4, 2, 2, 3, 2, 4, &one, x, x), CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(call(handle_, 1, 2, 2, 4, 3, 4, 2, &one, x, x), CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(call(handle_, 0, 2, 2, 4, 2, 3, 2, &one, x, x), CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(call(handle_, 0, 4, 2, 2, 4, 2, 3, &one, x, x), CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(call(handle_, 0, 0, 0, 0, 0, 1, 1, &one, x, x), CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(call(handle_, 0, 2, 2, 2, 2, 2, 2, nullptr, x, x), CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(call(handle_, 0, 2, 2, 2, 2, 2, 2, &one, nullptr, x), CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(call(handle_, 0, 2, 2, 2, 2, 2, 2, &one, x, nullptr), CUBLAS_STATUS_INVALID_VALUE);
  const auto typed = [&](cudaDataType a, cudaDataType b, cudaDataType c, cublasComputeType_t compute) {
    return cublasGemmEx(handle_, CUBLAS_OP_N, CUBLAS_OP_N, 2, 2, 2, &one, x, a, 2, x, b, 2, &one, x, c, 2, compute,
                        CUBLAS_GEMM_DEFAULT);
  };
  EXPECT_EQ(typed(CUDA_R_32F, CUDA_R_16BF, CUDA_R_32F, CUBLAS_COMPUTE_32F), CUBLAS_STATUS_NOT_SUPPORTED);
  EXPECT_EQ(typed(CUDA_R_32F, CUDA_R_32F, CUDA_R_16BF, CUBLAS_COMPUTE_32F), CUBLAS_STATUS_NOT_SUPPORTED);
  EXPECT_EQ(typed(CUDA_R_32F, CUDA_R_32F, CUDA_R_32F, CUBLAS_COMPUTE_64F), CUBLAS_STATUS_NOT_SUPPORTED);
  EXPECT_EQ(typed(CUDA_R_16F, CUDA_R_16F, CUDA_R_16F, CUBLAS_COMPUTE_16F), CUBLAS_STATUS_NOT_SUPPORTED);
  EXPECT_EQ(typed(CUDA_R_8I, CUDA_R_8I, CUDA_R_32I, CUBLAS_COMPUTE_32I), CUBLAS_STATUS_NOT_SUPPORTED);
}

TEST_F(CublasTest, HandleState) {
  cudaStream_t stream = nullptr, seen = nullptr;
  ASSERT_EQ(cudaStreamCreate(&stream), cudaSuccess);
  EXPECT_EQ(cublasSetStream(handle_, stream), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(cublasGetStream(handle_, &seen), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(seen, stream);
  EXPECT_EQ(cublasSetMathMode(handle_, CUBLAS_TF32_TENSOR_OP_MATH), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(cublasSetMathMode(handle_, static_cast<cublasMath_t>(9)), CUBLAS_STATUS_INVALID_VALUE);
  cublasMath_t mode = CUBLAS_DEFAULT_MATH;
  EXPECT_EQ(cublasGetMathMode(handle_, &mode), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(mode, CUBLAS_TF32_TENSOR_OP_MATH);
  EXPECT_EQ(cublasSetWorkspace(handle_, reinterpret_cast<void*>(256), 1024), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(cublasSetWorkspace(handle_, reinterpret_cast<void*>(8), 1024), CUBLAS_STATUS_INVALID_VALUE);
  int version = 0;
  EXPECT_EQ(cublasGetVersion(handle_, &version), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(version, CUBLAS_VERSION);
  EXPECT_EQ(cublasCreate(nullptr), CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(cublasDestroy(nullptr), CUBLAS_STATUS_NOT_INITIALIZED);
  EXPECT_EQ(std::string(cublasGetStatusName(CUBLAS_STATUS_NOT_SUPPORTED)), "CUBLAS_STATUS_NOT_SUPPORTED");
  EXPECT_NE(std::string(cublasGetStatusString(CUBLAS_STATUS_NOT_SUPPORTED)), "");
  EXPECT_EQ(cudaStreamDestroy(stream), cudaSuccess);
}

}  // namespace
