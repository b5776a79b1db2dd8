// The arguments that linear, matmul and conv2d reject, and their messages.
#include <gtest/gtest.h>

#include "engine/ops/conv2d.h"
#include "engine/ops/linear.h"
#include "engine/ops/matmul.h"
#include "kernels/error.h"
#include "support/expect_error.h"

namespace cucurbit {
namespace {

Tensor f32(const Shape& shape) { return Tensor::zeros(shape, DType::f32); }

template <class F>
std::string refusal(F f) {
  return test::expect_error(ErrorKind::input, {}, f);
}

TEST(Conv2dChecks, Channels) {
  EXPECT_EQ(refusal([] {
              conv2d(f32({2, 8, 8, 3}), f32({16, 3, 3, 16}), {});
            }),
            "[conv2d] input has 3 channels, the filter expects 16: input [2,8,8,3], filter [16,3,3,16]");
}

TEST(Conv2dChecks, Groups) {
  EXPECT_EQ(refusal([] {
              conv2d(f32({2, 8, 8, 3}), f32({4, 3, 3, 1}), {}, {.groups = 2});
            }),
            "[conv2d] 2 groups do not divide 3 input and 4 output channels: input [2,8,8,3], filter [4,3,3,1]");
}

TEST(Conv2dChecks, EmptyOutput) {
  EXPECT_NE(refusal([] {
              conv2d(f32({2, 4, 4, 3}), f32({4, 5, 5, 3}), {});
            }).find("the output would be empty"),
            std::string::npos);
}

TEST(Conv2dChecks, Geometry) {
  EXPECT_NE(refusal([] {
              conv2d(f32({2, 4, 4, 3}), f32({4, 3, 3, 3}), {}, {.stride = 0});
            }).find("stride 0"),
            std::string::npos);
  EXPECT_NE(refusal([] {
              conv2d(f32({4, 4, 3}), f32({4, 3, 3, 3}), {});
            }).find("expected input [N,H,W,C]"),
            std::string::npos);
}

TEST(Conv2dChecks, Types) {
  const Tensor bf16_filter = Tensor::zeros({4, 3, 3, 3}, DType::bf16);
  EXPECT_NE(refusal([&] { conv2d(f32({2, 4, 4, 3}), bf16_filter, {}); }).find("one type"), std::string::npos);
  EXPECT_EQ(refusal([] {
              conv2d(f32({2, 4, 4, 3}), f32({4, 3, 3, 3}), f32({5}));
            }),
            "[conv2d] bias is f32 [5], input f32 [2,4,4,3]: expected f32 [4]");
}

TEST(Conv2dChecks, TooLarge) {
  EXPECT_NE(refusal([] {
              conv2d_output_shape({4096, 512, 512, 3}, {4, 3, 3, 3}, {});
            }).find("2147483647"),
            std::string::npos);
}

TEST(LinearChecks, Shapes) {
  EXPECT_EQ(refusal([] {
              linear(f32({2, 5}), f32({3, 4}));
            }),
            "[linear] input has 5 columns, the weight expects 4: input f32 [2,5], weight f32 [3,4]");
  EXPECT_NE(refusal([] { linear(f32({2, 5, 5}), f32({3, 25})); }).find("flatten first"), std::string::npos);
  EXPECT_NE(refusal([] { linear(f32({2, 4}), f32({3, 4}), f32({4})); }).find("bias is f32 [4]"), std::string::npos);
}

TEST(MatmulChecks, Shapes) {
  EXPECT_EQ(refusal([] {
              matmul(f32({2, 5}), f32({4, 3}));
            }),
            "[matmul] f32 [2,5] by f32 [4,3]: expected [M, K] by [K, N] of one type");
}

}  // namespace
}  // namespace cucurbit
