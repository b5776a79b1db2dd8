#include "engine/optim/optimizer.h"

#include "engine/profile/profiler.h"
#include "engine/runtime/check.h"
#include "engine/runtime/stream.h"

namespace cucurbit {

namespace {
Tensor segment_table(const Arena& arena, float weight_decay) {
  std::vector<ArenaSegment> segments;
  for (const auto& [name, parameter] : arena.state().parameters)
    segments.push_back({.lr_scale = 1, .weight_decay = parameter->is_weight ? weight_decay : 0.f});
  return bytes_on_device(std::span<const ArenaSegment>(segments));
}

Tensor zeros_like(const Tensor& tensor) { return Tensor::zeros(tensor.shape(), tensor.dtype()); }

Tensor copy_of(const Tensor& tensor) {
  Tensor copy = Tensor::empty(tensor.shape(), tensor.dtype());
  if (tensor.size() > 0)
    check_cuda(cudaMemcpyAsync(copy.raw(), tensor.raw(), tensor.bytes(), cudaMemcpyDeviceToDevice, stream()), "copy");
  return copy;
}

template <class A>
A* data_or_null(const Tensor& tensor) {
  return tensor ? tensor.data<A>() : nullptr;
}
}  // namespace

Optimizer::Optimizer(Arena& arena, const OptimizerOptions& options, const std::vector<float>& learning_rates)
    : arena_(arena),
      options_(options),
      segments_(segment_table(arena, float(options.weight_decay))),
      learning_rates_(Tensor::from_host(learning_rates, {int64_t(learning_rates.size())})) {
  const bool sgd = options.kind == OptimizerOptions::Kind::sgd;
  if (!sgd || options.momentum != 0) first_ = zeros_like(arena.masters());
  if (!sgd) second_ = zeros_like(arena.masters());
  if (options.ema_decay > 0) ema_ = copy_of(arena.masters());
}

void Optimizer::step(const StepState* state) {
  // Masters and moments are read and written, gradients read, shadow and average written.
  const ProfileScope profile("optimizer", [&] {
    return moves(arena_.masters(), 3 + 2 * int(bool(first_)) + 2 * int(bool(second_)) + 2 * int(bool(ema_)));
  });
  if (arena_.masters().dtype() == DType::f64)
    step_as<double>(state);
  else
    step_as<float>(state);
}

template <class A>
void Optimizer::step_as(const StepState* state) {
  const kernels::OptimizerArena<A> arena{.masters = arena_.masters().data<A>(),
                                         .gradients = arena_.gradients().data<A>(),
                                         .shadow = data_or_null<bf16>(arena_.shadow()),
                                         .average = data_or_null<A>(ema_),
                                         .average_decay = options_.ema_decay,
                                         .chunks = reinterpret_cast<const ArenaChunk*>(arena_.chunks().raw()),
                                         .chunk_count = arena_.chunk_count(),
                                         .segments = reinterpret_cast<const ArenaSegment*>(segments_.raw())};
  const kernels::OptimizerSchedule schedule{.state = state,
                                            .learning_rates = learning_rates_.data<float>(),
                                            .learning_rate_count = learning_rates_.size(),
                                            .gradient_scale = nullptr};
  if (options_.kind == OptimizerOptions::Kind::sgd)
    kernels::sgd_step(arena, schedule, data_or_null<A>(first_), options_.momentum, options_.nesterov, stream());
  else
    kernels::adam_step(arena, schedule, first_.data<A>(), second_.data<A>(),
                       {.beta1 = options_.beta1,
                        .beta2 = options_.beta2,
                        .epsilon = options_.eps,
                        .decoupled = options_.kind == OptimizerOptions::Kind::adamw},
                       stream());
}

}  // namespace cucurbit
