#pragma once

#include <cuda_runtime.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

/// The fixture for tests that run instrumented kernels.

inline constexpr int kInts = 1 << 16;

/// Runs kernels in thread mode on an array of ints in device memory, and reads the findings of the checkers.
class CheckedKernel : public testing::Test {
 protected:
  void SetUp() override {
    report_ = testing::TempDir() + "/softgpu_checked." + std::to_string(::getpid()) + ".json";
    setenv("SOFTGPU_REPORT", report_.c_str(), 1);
    ASSERT_EQ(cudaMalloc(&data, kInts * sizeof(int)), cudaSuccess);
    ASSERT_EQ(cudaMemset(data, 0, kInts * sizeof(int)), cudaSuccess);
    ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);  // non-blocking streams do not wait for the fill
  }
  void TearDown() override {
    EXPECT_EQ(cudaFree(data), cudaSuccess);
    unsetenv("SOFTGPU_REPORT");
    std::remove(report_.c_str());
  }

  struct Geometry {
    unsigned blocks, threads;
    size_t shared_bytes = 0;
    cudaStream_t stream = nullptr;
  };
  template <class... Params, class... Args>
  static void launch(const Geometry& geometry, void (*kernel)(Params...), Args... arguments) {
    cudaLaunchConfig_t config{};
    config.gridDim = geometry.blocks;
    config.blockDim = geometry.threads;
    config.dynamicSmemBytes = geometry.shared_bytes;
    config.stream = geometry.stream;
    ASSERT_EQ(cudaLaunchKernelEx(&config, kernel, arguments...), cudaSuccess);
    ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  }

  /// The findings since the last call. A finding about the same places as an earlier one is not reported again.
  std::vector<nlohmann::json> findings() {
    std::vector<nlohmann::json> found;
    std::ifstream file(report_);
    for (std::string line; std::getline(file, line);) found.push_back(nlohmann::json::parse(line));
    std::remove(report_.c_str());
    return found;
  }

  static std::string text(const std::vector<nlohmann::json>& findings) {
    std::string all;
    for (const auto& finding : findings) all += finding.dump(2) + "\n";
    return all;
  }

  /// Expects exactly one finding, of this kind and about these lines of sources in this folder.
  void expect_only(const std::string& kind, std::vector<int> lines) {
    const auto found = findings();
    ASSERT_EQ(found.size(), 1u) << text(found);
    EXPECT_EQ(found[0]["kind"], kind) << text(found);
    std::vector<int> named;
    for (const auto& party : found[0]["parties"]) {
      named.push_back(party["line"]);
      EXPECT_NE(party["file"].get<std::string>().find("softgpu_checked/"), std::string::npos) << text(found);
    }
    std::sort(lines.begin(), lines.end());
    std::sort(named.begin(), named.end());
    EXPECT_EQ(named, lines) << text(found);
    EXPECT_FALSE(found[0]["hint"].get<std::string>().empty());
  }
  void expect_clean() {
    const auto found = findings();
    EXPECT_TRUE(found.empty()) << text(found);
  }

  int* data = nullptr;

 private:
  std::string report_;
};
