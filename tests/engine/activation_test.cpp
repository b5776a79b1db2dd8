// Activations at their kinks, and at infinities and NaN, as computed by PyTorch 1.13.
#include "engine/ops/activation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "engine/autograd.h"

namespace cucurbit {
namespace {

TEST(Activations, Relu6AtItsKinks) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const std::vector<float> x = {-kInfinity, -1, -0.f, 0, 1e-30f, 3, std::nextafter(6.f, 0.f), 6, 7, kInfinity, NAN};
  const std::vector<float> y = {0, 0, 0, 0, 1e-30f, 3, std::nextafter(6.f, 0.f), 6, 6, 6, NAN};
  const std::vector<float> slope = {0, 0, 0, 0, 1, 1, 1, 0, 0, 0};  // the slope at NaN is undefined
  Tensor input = Tensor::from_host(x, {int64_t(x.size())});
  require_gradient(input);
  Tape tape;
  const Tensor output = activate(input, Activation::relu6);
  const std::vector<float> got = output.to_host<float>();
  tape.backward(output);
  const std::vector<float> gradient = input.grad().to_host<float>();
  for (size_t i = 0; i + 1 < x.size(); ++i) {
    EXPECT_EQ(got[i], y[i]) << x[i];
    EXPECT_EQ(gradient[i], slope[i]) << x[i];
  }
  EXPECT_TRUE(std::isnan(got.back()));
}

}  // namespace
}  // namespace cucurbit
