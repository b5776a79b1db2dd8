// Times the cases of tests/op_cases: op_bench --benchmark_filter='softmax_5_1000/f32'. A case is timed with the shape
// that it is tested with. To time another shape, add a case of that shape or a separate benchmark.
#include <algorithm>
#include <random>

#include "bench/support/main.h"
#include "bench/support/measure.h"
#include "engine/autograd.h"
#include "op_cases/all.h"
#include "support/compare.h"
#include "support/op_inputs.h"

namespace {
using namespace cucurbit;
using namespace cucurbit::bench;
using namespace cucurbit::test;

/// The tensors of a case, filled with random values.
struct Scene {
  std::vector<Tensor> inputs;
  Tensor cotangent;

  Scene(const OpCase& op, DType dtype, bool backward) {
    std::mt19937 random(42);
    for (const Input& input : op.inputs) {
      const DType stored = stored_type(input, dtype);
      inputs.push_back(to_device(draw(input, random), input.shape, stored));
      if (backward && input.differentiable()) require_gradient(inputs.back());
    }
    const DType output = op.run(inputs).dtype();  // for losses, the accumulator type
    cotangent = to_device(draw({.shape = op.output}, random), op.output, output);
  }

  /// The bytes if every tensor is moved once: inputs and output; with the backward pass also the cotangent and the
  /// gradients.
  double bytes(bool backward) const {
    double sum = double(cotangent.bytes()) * (backward ? 2 : 1);
    for (const Tensor& input : inputs) sum += double(input.bytes()) * (backward && input.gradient() ? 3 : 1);
    return sum;
  }
};

void run(benchmark::State& state, const OpCase& op, DType dtype, bool backward) {
  const Scene scene(op, dtype, backward);
  measure(state,
          {.flop = op.flop * (backward ? 3 : 1),
           .bytes = scene.bytes(backward),
           .items = double(std::max<int64_t>(op.output.size(), 1))},
          [&] {
            if (!backward) return void(op.run(scene.inputs));
            for (const Tensor& input : scene.inputs)
              if (input.gradient()) *input.gradient() = {};
            Tape tape;
            tape.backward(op.run(scene.inputs), scene.cotangent);
          });
}

void add_all() {
  for (const OpCase& op : op_cases())
    for (const DType dtype : op.dtypes)
      for (const bool backward : {false, true}) {
        if (op.output.size() == 0 || (backward && !op.gradient)) continue;
        add_benchmark(op.name + "/" + std::string(name(dtype)) + (backward ? "/forward_backward" : "/forward"),
                      [=](benchmark::State& state) { run(state, op, dtype, backward); });
      }
}
}  // namespace

int main(int argc, char** argv) { return run_benchmarks(argc, argv, add_all); }
