#include "engine/tensor.h"

#include <gtest/gtest.h>

#include <limits>

#include "engine/runtime/pool.h"
#include "engine/runtime/stream.h"
#include "kernels/error.h"
#include "support/expect_error.h"

namespace cucurbit {
namespace {

TEST(Shape, CountsElements) {
  EXPECT_EQ((Shape{2, 3, 4}).size(), 24);
  EXPECT_EQ(Shape{}.size(), 1);
  EXPECT_EQ((Shape{5, 0}).size(), 0);
  EXPECT_EQ((Shape{2, 3})[-1], 3);
}

TEST(Shape, RefusesImpossibleSizes) {
  test::expect_error(ErrorKind::input, {"[shape]", "[-1]"}, [] { Shape{-1}; });
  test::expect_error(ErrorKind::input, {"[shape]", "2^63"}, [] { Shape{1ll << 40, 1ll << 40}; });
  test::expect_error(ErrorKind::bug, {"[shape] 7 dimensions", "at most 6"}, [] { Shape{1, 1, 1, 1, 1, 1, 1}; });
  test::expect_error(ErrorKind::bug, {"[shape]", "axis 1", "[2]"}, [] { Shape{2}[1]; });
}

TEST(Tensor, RoundTripsThroughTheDevice) {
  const std::vector<float> values{1, -2, 3.5f};
  EXPECT_EQ(Tensor::from_host(values, {3}).to_host<float>(), values);
}

TEST(Tensor, SliceAndReshapeShareMemory) {
  const Tensor all = Tensor::from_host(std::vector<int32_t>{0, 1, 2, 3, 4, 5}, {3, 2});
  EXPECT_EQ(all.slice(1, 3).to_host<int32_t>(), (std::vector<int32_t>{2, 3, 4, 5}));
  all.slice(0, 1).fill_zero();
  EXPECT_EQ(all.reshape({6}).to_host<int32_t>(), (std::vector<int32_t>{0, 0, 2, 3, 4, 5}));
}

TEST(Tensor, ErrorsNameTheShapes) {
  const Tensor x = Tensor::zeros({2, 3}, DType::f32);
  test::expect_error(ErrorKind::input, {"[reshape]", "f32 [2,3]", "[4]"}, [&] { x.reshape({4}); });
  test::expect_error(ErrorKind::bug, {"[slice]", "1..3", "f32 [2,3]"}, [&] { x.slice(1, 3); });
  test::expect_error(ErrorKind::bug, {"[tensor]", "f32 [2,3]", "f64"}, [&] { x.data<double>(); });
  test::expect_error(ErrorKind::bug, {"[grad]", "f32 [2,3]", "no gradient"}, [&] { x.grad(); });
}

TEST(Tensor, EmptyTensorsAreLegal) {
  const Tensor empty = Tensor::zeros({0, 7}, DType::f32);
  EXPECT_TRUE(empty);
  EXPECT_TRUE(empty.to_host<float>().empty());
}

TEST(Pool, ReusesReleasedBlocks) {
  auto pool = std::make_shared<Pool>();
  void* first = pool->allocate(1000);
  pool->release(first, 1000);
  EXPECT_EQ(pool->allocate(900), first);
  EXPECT_EQ(pool->in_use(), 1024u);
  EXPECT_EQ(pool->peak(), 1024u);
  pool->release(first, 900);
}

TEST(Pool, GuardsFindAWriteBesideABlock) {
  auto pool = std::make_shared<Pool>();
  pool->set_guarded(true);
  PoolScope scope(*pool);
  const Tensor tensor = Tensor::zeros({10}, DType::u8);
  EXPECT_EQ(pool->damaged_blocks(), 0);
  cudaMemsetAsync(static_cast<char*>(tensor.raw()) + 10, 0, 1, stream());
  EXPECT_EQ(pool->damaged_blocks(), 1);
}

TEST(Pool, OutOfMemoryNamesWhatWasAskedFor) {
  test::expect_error(ErrorKind::out_of_memory, {"out of device memory: requested 1073741824.0 MiB"},
                     [] { Tensor::empty({1ll << 50}, DType::u8); });
  EXPECT_TRUE(Tensor::empty({1}, DType::u8)) << "the failure must not stick";
}

}  // namespace
}  // namespace cucurbit
