// The fused distillation loss and its gradient, beside the same loss composed of ordinary ops; and the loss of every
// registered method with its gradient.
#include <fmt/format.h>

#include <cmath>

#include "bench/support/agreement.h"
#include "bench/support/distill_loss.h"
#include "bench/support/main.h"
#include "bench/support/measure.h"
#include "distill/methods/kd.h"
#include "engine/autograd.h"

namespace {
using namespace cucurbit;
using namespace cucurbit::bench;

/// The composed form, forward and backward; returns the gradient.
Tensor run_composed(const DistillLoss& fused) {
  Tape tape;
  Tensor student = fused.student().detach();
  require_gradient(student);
  tape.backward(kd_composed(student, fused.teacher(), fused.labels(), DistillLoss::options()));
  return student.grad();
}

void run(benchmark::State& state, int64_t rows, int classes, DType dtype, bool fused, bool graph) {
  DistillLoss loss(rows, classes, dtype);
  loss.run_eagerly();
  if (const std::string wrong = disagreement(loss.gradient(), run_composed(loss), tolerance_of(dtype)); !wrong.empty())
    return state.SkipWithError(wrong.c_str());
  measure(state, {.bytes = loss.bytes(), .items = double(rows)}, [&] {
    if (!fused)
      run_composed(loss);
    else
      graph ? loss.run() : loss.run_eagerly();
  });
}

/// Queues the loss of a method on the logits of `on`, and its backward pass.
void run_method(Method& method, Meters& meters, const DistillLoss& on) {
  Tape tape;
  Outputs student{.logits = on.student().detach(), .features = {}};
  require_gradient(student.logits);
  const FrozenOutputs teacher{FrozenTensor(on.teacher())};
  Batch batch;
  batch.labels = on.labels();
  Terms terms(meters, on.student().dim(0));
  method.add_terms({student, teacher, batch, nullptr}, terms);
  tape.backward(terms.total());
}

void bench_method(benchmark::State& state, std::string_view name, int64_t rows, int classes, DType dtype) {
  const DistillLoss on(rows, classes, dtype);
  const std::unique_ptr<Method> method = make_method({.name = std::string(name), .knobs = {}}, {});
  Meters meters;
  measure(state, {.bytes = on.bytes(), .items = double(rows)}, [&] { run_method(*method, meters, on); });
}

void add_all() {
  for (const MethodInfo& method : methods())
    for (DType dtype : {DType::f32, DType::bf16})
      add_benchmark(fmt::format("method/{}/128x100/{}", method.name, name(dtype)),
                    [=, of = method.name](benchmark::State& state) { bench_method(state, of, 128, 100, dtype); });

  for (const auto& [rows, classes] : {std::pair(128, 10), {128, 1000}, {4096, 100}, {4096, 1000}})
    for (DType dtype : {DType::f32, DType::bf16}) {
      const auto add = [&, rows = rows, classes = classes](const char* form, bool fused, bool graph) {
        add_benchmark(fmt::format("distill_loss/{}x{}/{}/{}", rows, classes, name(dtype), form),
                      [=](benchmark::State& state) { run(state, rows, classes, dtype, fused, graph); });
      };
      add("fused_graph", true, true);
      add("fused_eager", true, false);
      add("composed_eager", false, false);
    }
}
}  // namespace

int main(int argc, char** argv) { return run_benchmarks(argc, argv, add_all); }
