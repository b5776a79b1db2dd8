// The tape: shared inputs, reuse, accumulation, views, and invalid calls.
#include "engine/autograd.h"

#include <gtest/gtest.h>

#include "engine/ops/elementwise.h"
#include "engine/ops/reduction.h"
#include "kernels/error.h"
#include "support/expect_error.h"

namespace cucurbit {
namespace {

Tensor leaf(const std::vector<double>& values) {
  Tensor tensor = Tensor::from_host(values, {int64_t(values.size())});
  require_gradient(tensor);
  return tensor;
}

std::vector<double> grad(const Tensor& tensor) { return tensor.grad().to_host<double>(); }

TEST(Tape, WithoutOneNothingIsRecorded) {
  Tensor x = leaf({1, 2});
  EXPECT_FALSE(wants_gradient(mul(x, x)));
}

TEST(Tape, SharedInputAddsBothContributions) {
  Tensor x = leaf({1, 2, 3});
  Tape tape;
  tape.backward(mul(x, x));
  EXPECT_EQ(grad(x), (std::vector<double>{2, 4, 6}));
}

TEST(Tape, OneCotangentHandedToTwoInputsIsNotShared) {
  // a's gradient is dy itself; the second use of a adds to it and must not change b's.
  Tensor a = leaf({1, 2}), b = leaf({3, 4});
  Tape tape;
  tape.backward(add(add(a, b), a));
  EXPECT_EQ(grad(a), (std::vector<double>{2, 2}));
  EXPECT_EQ(grad(b), (std::vector<double>{1, 1}));
}

TEST(Tape, DiamondReachesTheRootOnce) {
  Tensor x = leaf({2});
  Tape tape;
  const Tensor y = mul(x, x);        // x^2
  tape.backward(add(mul(y, x), y));  // x^3 + x^2: 3 x^2 + 2 x = 16
  EXPECT_EQ(grad(x), (std::vector<double>{16}));
}

TEST(Tape, SecondBackwardAccumulates) {
  Tensor x = leaf({1, 2});
  for (int pass = 0; pass < 3; ++pass) {
    Tape tape;
    tape.backward(mul(x, x));
  }
  EXPECT_EQ(grad(x), (std::vector<double>{6, 12}));
}

TEST(Tape, ReshapeIsAViewWithTheSameGradient) {
  Tensor x = leaf({1, 2, 3, 4});
  Tape tape;
  const Tensor square = x.reshape({2, 2});
  tape.backward(mul(square, square));
  EXPECT_EQ(grad(x), (std::vector<double>{2, 4, 6, 8}));
  EXPECT_EQ(square.grad().shape(), (Shape{2, 2}));
}

TEST(Tape, DetachStopsTheGradient) {
  Tensor x = leaf({3});
  Tape tape;
  tape.backward(mul(x, x.detach()));
  EXPECT_EQ(grad(x), (std::vector<double>{3}));
}

TEST(Tape, CotangentIsUsed) {
  Tensor x = leaf({1, 2});
  Tape tape;
  tape.backward(mul(x, x), Tensor::from_host(std::vector<double>{10, 100}, {2}));
  EXPECT_EQ(grad(x), (std::vector<double>{20, 400}));
}

TEST(Tape, NodesThatTheLossDoesNotNeedAreSkipped) {
  Tensor x = leaf({1}), unused = leaf({5});
  Tape tape;
  mul(unused, unused);
  tape.backward(mul(x, x));
  test::expect_error(ErrorKind::bug, {"[grad]", "f64 [1]", "no gradient"}, [&] { unused.grad(); });
  EXPECT_EQ(tape.nodes(), 0u);
}

TEST(Tape, PinnedGradientIsWrittenInPlaceThenAdded) {
  Tensor x = leaf({1, 2}), fixed = Tensor::from_host(std::vector<double>{-1, -1}, {2});
  x.gradient()->value = fixed;
  x.gradient()->pinned = true;
  for (int pass = 0; pass < 2; ++pass) {
    Tape tape;
    tape.backward(mul(x, x));
  }
  EXPECT_EQ(fixed.to_host<double>(), (std::vector<double>{4, 8}));
}

TEST(Tape, RefusesAnOutputThatDependsOnNothing) {
  const Tensor x = Tensor::from_host(std::vector<double>{1}, {1});
  Tape tape;
  test::expect_error(ErrorKind::bug, {"[backward]", "f64 [1]", "does not depend"}, [&] { tape.backward(mul(x, x)); });
}

TEST(Tape, RefusesACotangentOfAnotherShape) {
  Tensor x = leaf({1, 2});
  Tape tape;
  test::expect_error(ErrorKind::bug, {"[backward]", "f64 [3]", "f64 [2]"},
                     [&] { tape.backward(mul(x, x), Tensor::zeros({3}, DType::f64)); });
}

TEST(Tape, DeepGraphsNeedNoDeepStack) {
  Tensor x = leaf({1});
  Tape tape;
  Tensor y = x;
  for (int i = 0; i < 20000; ++i) y = add(y, x);
  tape.backward(y);
  EXPECT_EQ(grad(x), (std::vector<double>{20001}));
}

}  // namespace
}  // namespace cucurbit
