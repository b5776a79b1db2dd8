#include "engine/runtime/graph.h"

#include <gtest/gtest.h>

#include "engine/runtime/stream.h"
#include "engine/tensor.h"

namespace cucurbit {
namespace {

TEST(StepGraph, PeakIsWhatTheStepHasInUseAtOnce) {
  const Tensor kept = Tensor::from_host(std::vector<float>(1024, 1), {1024});
  const auto block = [] {
    Tensor made = Tensor::empty({1024}, DType::f32);
    made.fill_zero();
    return made;
  };
  const auto step = [&] {
    kept.fill_zero();
    {
      const Tensor a = block(), b = block();
      const Tensor c = block();
    }
    const Tensor d = block(), e = block();
  };
  step();
  const size_t eager = Pool::current().in_use();
  StepGraph graph(step);
  EXPECT_EQ(graph.nodes(), 6u);
  EXPECT_EQ(graph.peak_bytes(), 3 * 4096u);  // of five blocks; `kept` is older than the graph
  EXPECT_EQ(Pool::current().in_use(), eager);
  graph.launch();
  synchronize();
  EXPECT_EQ(kept.to_host<float>(), std::vector<float>(1024, 0));
  EXPECT_EQ(graph.peak_bytes(), 3 * 4096u);
}

TEST(StepGraph, AStepThatAllocatesNothingHasNoPeak) {
  const Tensor kept = Tensor::zeros({8}, DType::f32);
  StepGraph graph([&] { kept.fill_zero(); });
  EXPECT_EQ(graph.peak_bytes(), 0u);
}

}  // namespace
}  // namespace cucurbit
