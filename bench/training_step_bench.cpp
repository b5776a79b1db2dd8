// Training steps of some networks of peers/README.md, eager and as a captured graph.
#include <fmt/format.h>

#include "bench/support/main.h"
#include "bench/support/measure.h"
#include "bench/support/training_step.h"

namespace {
using namespace cucurbit;
using namespace cucurbit::bench;

void run(benchmark::State& state, const std::string& network, DType dtype, const TrainingStep::Options& options) {
  TrainingStep step(network, dtype, options);
  step.run();
  const double first = step.take_loss();
  for (int i = 0; i < 3; ++i) step.run();  // until the step is captured
  if (!(step.take_loss() < first)) return state.SkipWithError("the first steps did not lower the loss");
  measure(state, {.items = double(step.batch())}, [&] { step.run(); });
  state.counters["launches"] = double(step.launches());
  state.counters["captured_MB"] = double(step.captured_bytes()) * 1e-6;
}

void add_all() {
  for (const char* network : {"mlp", "convnet", "resnet20", "resnet20-resnet8"})
    for (DType dtype : {DType::f32, DType::bf16})
      for (bool augmented : {false, true})
        for (bool graph : {false, true})
          add_benchmark(fmt::format("training_step/{}/{}/{}/{}", network, name(dtype),
                                    augmented ? "augmented" : "plain", graph ? "graph" : "eager"),
                        [=](benchmark::State& state) {
                          run(state, network, dtype, {augmented, graph});
                        });
}
}  // namespace

int main(int argc, char** argv) { return run_benchmarks(argc, argv, add_all); }
