// Training steps of some networks of peers/README.md, op by op and as a recorded graph.
#include <fmt/format.h>

#include <cmath>

#include "bench/support/main.h"
#include "bench/support/measure.h"
#include "bench/support/training_step.h"

namespace {
using namespace cucurbit;
using namespace cucurbit::bench;

void run(benchmark::State& state, const std::string& network, DType dtype, bool graph) {
  TrainingStep step(network, dtype);
  step.run_eagerly();
  const double first = step.loss();
  step.run_eagerly();
  if (!(step.loss() < first)) return state.SkipWithError("the first step did not lower the loss");
  measure(state, {.items = double(step.batch())}, [&] { graph ? step.run() : step.run_eagerly(); });
}

void add_all() {
  for (const char* network : {"mlp", "convnet", "resnet20", "resnet20-resnet8"})
    for (DType dtype : {DType::f32, DType::bf16})
      for (bool graph : {false, true})
        add_benchmark(fmt::format("training_step/{}/{}/{}", network, name(dtype), graph ? "graph" : "eager"),
                      [=](benchmark::State& state) { run(state, network, dtype, graph); });
}
}  // namespace

int main(int argc, char** argv) { return run_benchmarks(argc, argv, add_all); }
