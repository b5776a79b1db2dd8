#pragma once

#include <cuda_bf16.h>
#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

/// Device buffers with sentinels, and comparisons, for the tests of the vendor libraries.

namespace vendor_test {

template <class T>
constexpr double kEpsilon = std::is_same_v<T, double>  ? 0x1p-52
                            : std::is_same_v<T, float> ? 0x1p-23
                                                       : 0x1p-8;

inline std::vector<double> random_values(int64_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<double> uniform(-1.0, 1.0);
  std::vector<double> values(static_cast<size_t>(count));
  // Multiples of 1/64 are exact in bfloat16, so the oracle and the device start from the same numbers.
  for (double& value : values) value = std::round(uniform(generator) * 64.0) / 64.0;
  return values;
}

inline std::vector<double> nans(int64_t count) {
  return std::vector<double>(static_cast<size_t>(count), std::numeric_limits<double>::quiet_NaN());
}

/// `count` elements of device memory between two guards, which the destructor checks.
template <class T>
class Guarded {
 public:
  explicit Guarded(const std::vector<double>& values) : count_(values.size()) {
    EXPECT_EQ(cudaMalloc(reinterpret_cast<void**>(&base_), (count_ + 2 * kGuard) * sizeof(T)), cudaSuccess);
    set(values);
  }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  ~Guarded() {
    const std::vector<T> all = read_all();
    for (size_t i = 0; i < kGuard; ++i) {
      EXPECT_EQ(static_cast<float>(all[i]), kSentinel) << "written before the buffer";
      EXPECT_EQ(static_cast<float>(all[kGuard + count_ + i]), kSentinel) << "written past the buffer";
    }
    cudaFree(base_);
  }

  T* data() { return base_ + kGuard; }

  void set(const std::vector<double>& values) {
    ASSERT_EQ(values.size(), count_);
    std::vector<T> all(count_ + 2 * kGuard, T(kSentinel));
    for (size_t i = 0; i < count_; ++i)
      all[kGuard + i] = T(static_cast<std::conditional_t<std::is_same_v<T, double>, double, float>>(values[i]));
    ASSERT_EQ(cudaMemcpy(base_, all.data(), all.size() * sizeof(T), cudaMemcpyHostToDevice), cudaSuccess);
  }

  std::vector<double> get() const {
    const std::vector<T> all = read_all();
    std::vector<double> values(count_);
    for (size_t i = 0; i < count_; ++i) {
      values[i] = static_cast<std::conditional_t<std::is_same_v<T, double>, double, float>>(all[kGuard + i]);
    }
    return values;
  }

 private:
  static constexpr size_t kGuard = 64;
  static constexpr float kSentinel = -12288.0f;

  std::vector<T> read_all() const {
    std::vector<T> all(count_ + 2 * kGuard);
    EXPECT_EQ(cudaMemcpy(all.data(), base_, all.size() * sizeof(T), cudaMemcpyDeviceToHost), cudaSuccess);
    return all;
  }

  size_t count_;
  T* base_ = nullptr;
};

/// Expects |got - expected| <= tolerance for all elements, and NaN exactly where NaN is expected. Reports the first
/// element that differs.
inline void expect_near(const std::vector<double>& got, const std::vector<double>& expected, double tolerance) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    const bool agree = std::isnan(expected[i]) ? std::isnan(got[i]) : std::abs(got[i] - expected[i]) <= tolerance;
    if (!agree) {
      ADD_FAILURE() << "element " << i << ": got " << got[i] << ", expected " << expected[i] << ", tolerance "
                    << tolerance;
      return;
    }
  }
}

/// Expects bitwise equality, except for the payload of NaNs.
inline void expect_same(const std::vector<double>& got, const std::vector<double>& expected) {
  expect_near(got, expected, 0.0);
}

/// Captures the work of `enqueue(stream)` and launches the graph `times` times.
template <class Enqueue>
void capture_and_replay(Enqueue enqueue, int times) {
  cudaStream_t stream;
  cudaGraph_t graph;
  cudaGraphExec_t executable;
  ASSERT_EQ(cudaStreamCreate(&stream), cudaSuccess);
  ASSERT_EQ(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal), cudaSuccess);
  enqueue(stream);
  ASSERT_EQ(cudaStreamEndCapture(stream, &graph), cudaSuccess);
  ASSERT_EQ(cudaGraphInstantiate(&executable, graph, 0), cudaSuccess);
  for (int i = 0; i < times; ++i) ASSERT_EQ(cudaGraphLaunch(executable, stream), cudaSuccess);
  ASSERT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  ASSERT_EQ(cudaGraphExecDestroy(executable), cudaSuccess);
  ASSERT_EQ(cudaGraphDestroy(graph), cudaSuccess);
  ASSERT_EQ(cudaStreamDestroy(stream), cudaSuccess);
}

}  // namespace vendor_test
