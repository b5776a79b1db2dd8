#include "engine/profile/limits.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>
#include <string_view>

#include "engine/autograd.h"
#include "engine/ops/conv2d.h"
#include "engine/ops/conv2d_backends.h"
#include "engine/ops/linear.h"
#include "kernels/error.h"

namespace cucurbit {
namespace {

constexpr DeviceLimits kLimits{.gemm_f32 = 100, .gemm_bf16 = 400, .bandwidth = 10};

TEST(Roofline, IsTheLargerOfProductsAndMemory) {
  EXPECT_DOUBLE_EQ(roofline_seconds({.flop = 1000, .type = DType::f32}, 50, kLimits), 10);
  EXPECT_DOUBLE_EQ(roofline_seconds({.flop = 1000, .type = DType::bf16}, 20, kLimits), 2.5);
  EXPECT_DOUBLE_EQ(roofline_seconds({.flop = 1000, .type = DType::bf16}, 30, kLimits), 3);
  EXPECT_DOUBLE_EQ(roofline_seconds({}, 30, kLimits), 3);
  EXPECT_DOUBLE_EQ(roofline_seconds({.flop = 0, .type = DType::f64}, 30, kLimits), 3);
}

TEST(Roofline, RefusesProductsOfUnknownRate) {
  try {
    roofline_seconds({.flop = 1, .type = DType::f64}, 1, kLimits);
    FAIL() << "accepted f64";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_NE(std::string(error.what()).find("f64"), std::string::npos) << error.what();
  }
}

TEST(Roofline, AddsUpOverOpsAndKeepsTheTwoApart) {
  const OpTime winograd{.op = "conv2d",
                        .description = {.shape = "a",
                                        .bytes = 10,
                                        .direct = {.flop = 4000, .type = DType::bf16},
                                        .used = {.flop = 1000, .type = DType::f32},
                                        .algorithm = "Winograd"},
                        .seconds = 20,
                        .calls = 2};
  const OpTime copy{.op = "relu", .description = {.shape = "b", .bytes = 80}, .seconds = 16, .calls = 2};
  const Rooflines one = rooflines(winograd, kLimits), both = rooflines({winograd, copy}, kLimits);
  EXPECT_DOUBLE_EQ(one.direct, 10);
  EXPECT_DOUBLE_EQ(one.algorithm, 10);
  EXPECT_DOUBLE_EQ(both.direct, 18);
  EXPECT_DOUBLE_EQ(both.algorithm, 18);
  DeviceLimits faster = kLimits;
  faster.gemm_bf16 = 800;
  EXPECT_DOUBLE_EQ(rooflines(winograd, faster).direct, 5);
  EXPECT_DOUBLE_EQ(rooflines(winograd, faster).algorithm, 10);
}

/// The columns direct and algorithm of the line of a table that begins with `op`.
std::pair<double, double> shares(const std::string& table, const std::string& op) {
  size_t at = table.find("\n" + op);
  EXPECT_NE(at, std::string::npos) << table;
  const std::string line = table.substr(at + 1, table.find('\n', at + 1) - at - 1);
  std::pair<double, double> found{-1, -1};
  // op 28, shape 30, calls 6, ms 10, GFLOP 10, MB 9, GFLOP/s 9, GB/s 8, direct 8, algorithm 11
  EXPECT_EQ(std::sscanf(line.c_str() + 28 + 30 + 6 + 10 + 10 + 9 + 9 + 8, "%lf %lf", &found.first, &found.second), 2)
      << line;
  return found;
}

TEST(Roofline, TheTableHasSharesOfTheTimeOfAStep) {
  const std::vector<OpTime> ops{
      {.op = "conv2d",
       .description =
           {.shape = "a", .bytes = 10, .direct = {.flop = 4000}, .used = {.flop = 1000}, .algorithm = "Winograd"},
       .seconds = 20,
       .calls = 2},
      {.op = "relu", .description = {.shape = "b", .bytes = 80}, .seconds = 16, .calls = 2}};
  const std::string table = profile_table(ops, kLimits, 2);
  EXPECT_EQ(shares(table, "conv2d"), std::pair(2.0, 0.5));
  EXPECT_EQ(shares(table, "relu"), std::pair(0.5, 0.5));
  EXPECT_EQ(shares(table, "sum"), std::pair(1.33, 0.5));
  EXPECT_NE(table.find("Winograd"), std::string::npos);
}

TEST(Winograd, MultipliesThirtySixProductsATile) {
  const auto flop = [](ConvDirection direction, const Shape& x, const Shape& filter, int padding) {
    return winograd_arithmetic(direction, conv_shape(x, filter, {.padding = padding}), DType::f32).flop;
  };
  // 8x8 results: four tiles a map, a quarter of the 2 * 9 * 64 operations of the formula.
  EXPECT_EQ(flop(ConvDirection::forward, {2, 8, 8, 16}, {32, 3, 3, 16}, 1), 2.0 * 36 * 2 * 4 * 16 * 32);
  EXPECT_EQ(flop(ConvDirection::forward, {2, 8, 8, 16}, {32, 3, 3, 16}, 1) * 4, 2.0 * 9 * 2 * 64 * 16 * 32);
  // 7x9 maps without padding give 5x7 results, of which the tiles at the border are filled up: 2x2 of them. The data
  // gradient has the size of the map: 2x3 tiles.
  EXPECT_EQ(flop(ConvDirection::forward, {1, 7, 9, 16}, {16, 3, 3, 16}, 0), 2.0 * 36 * 4 * 16 * 16);
  EXPECT_EQ(flop(ConvDirection::filter_gradient, {1, 7, 9, 16}, {16, 3, 3, 16}, 0), 2.0 * 36 * 4 * 16 * 16);
  EXPECT_EQ(flop(ConvDirection::data_gradient, {1, 7, 9, 16}, {16, 3, 3, 16}, 0), 2.0 * 36 * 6 * 16 * 16);
}

/// Keeps what ops say of themselves, with brackets around those within others.
struct Heard : OpListener {
  std::string calls;
  std::vector<OpDescription> descriptions;
  void begin(const char* op, OpDescription description) override {
    calls += std::string(calls.empty() ? "" : " ") + op + "(";
    descriptions.push_back(std::move(description));
  }
  void end() noexcept override { calls += ")"; }
};

TEST(OpScope, TellsTheListenerMadeLast) {
  const Tensor x = Tensor::zeros({2, 3}, DType::f32), weight = Tensor::zeros({4, 3}, DType::f32);
  Heard outer;
  linear(x, weight, {});
  {
    Heard inner;
    const OpScope op("pair", [] { return OpDescription{.shape = "two"}; });
    linear(x, weight, {});
    linear(x, weight, {});
    EXPECT_EQ(inner.calls, "pair( linear() linear()");
  }
  linear(x, weight, {});
  EXPECT_EQ(outer.calls, "linear() linear()");
  EXPECT_EQ(outer.descriptions[0].shape, "2x3 4");
  EXPECT_EQ(outer.descriptions[0].direct.flop, 2.0 * 2 * 3 * 4);
  EXPECT_EQ(outer.descriptions[0].bytes, 4.0 * (2 * 3 + 3 * 4 + 2 * 4));
}

/// What a convolution of 3x3 and both its gradients say.
std::vector<OpDescription> described_conv(const Shape& x_shape, int64_t filters, DType dtype) {
  Tensor x = Tensor::zeros(x_shape, dtype), filter = Tensor::zeros({filters, 3, 3, x_shape[3]}, dtype);
  require_gradient(x);
  require_gradient(filter);
  Heard heard;
  Tape tape;
  const Tensor y = conv2d(x, filter, {}, {.padding = 1});
  tape.backward(y, Tensor::zeros(y.shape(), dtype));
  EXPECT_EQ(heard.calls, "conv2d() conv2d filter gradient() conv2d data gradient()");
  return heard.descriptions;
}

TEST(Roofline, ConvolutionsTellTheirAlgorithm) {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    for (const OpDescription& conv : described_conv({8, 8, 8, 16}, 32, dtype)) {
      EXPECT_EQ(conv.direct.flop, 2.0 * 8 * 64 * 9 * 16 * 32);
      EXPECT_EQ(conv.direct.type, dtype);
      // A vendor's library may choose either; softgpu's takes Winograd's algorithm for these, but in bf16 only on
      // processors without matrix units, and multiplies in f32.
      if (std::string_view(conv.algorithm) == "Winograd") {
        EXPECT_EQ(conv.used.flop * 4, conv.direct.flop);
#ifdef SOFTGPU
        EXPECT_EQ(conv.used.type, DType::f32);
#endif
      } else {
        EXPECT_EQ(conv.used.flop, conv.direct.flop);
        EXPECT_EQ(conv.used.type, dtype);
      }
#ifdef SOFTGPU
      if (dtype == DType::f32) {
        EXPECT_STREQ(conv.algorithm, "Winograd");
      }
#endif
    }
    // Three channels are not for Winograd's algorithm here.
#ifdef SOFTGPU
    for (const OpDescription& conv : described_conv({8, 8, 8, 3}, 32, dtype)) {
      EXPECT_STREQ(conv.algorithm, "");
      EXPECT_EQ(conv.used.flop, conv.direct.flop);
    }
#endif
  }
}

}  // namespace
}  // namespace cucurbit
