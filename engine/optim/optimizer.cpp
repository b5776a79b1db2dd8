#include "engine/optim/optimizer.h"

#include <algorithm>
#include <cmath>

#include "engine/profile/profiler.h"
#include "engine/runtime/check.h"
#include "engine/runtime/stream.h"
#include "kernels/gradient_norm.h"

namespace cucurbit {

namespace {
Tensor segment_table(const Arena& arena, const OptimizerOptions& options, const std::optional<Muon>& muon) {
  std::vector<ArenaSegment> segments;
  for (size_t i = 0; i < arena.state().parameters.size(); ++i) {
    const Parameter& parameter = *arena.state().parameters[i].item;
    ArenaSegment segment{.lr_scale = 1,
                         .weight_decay = options.decay_all || parameter.is_weight ? float(options.weight_decay) : 0.f};
    if (muon && muon->chosen()[i]) {  // decay is at the rate without the factor
      segment.lr_scale = float(options.muon->rate_scale * Muon::rate_factor(parameter));
      segment.weight_decay = float(options.weight_decay / Muon::rate_factor(parameter));
    }
    segments.push_back(segment);
  }
  return bytes_on_device(std::span<const ArenaSegment>(segments));
}

std::optional<Muon> muon_of(const Arena& arena, const OptimizerOptions& options) {
  if (!options.muon) return {};
  return Muon(arena, options.muon->momentum, options.muon->nesterov, options.muon->everything);
}

/// How far the average moves towards the masters at each update; the last value stays.
std::vector<double> average_rates(const OptimizerOptions& options, int64_t updates) {
  const double last = 1 - options.ema_decay;
  std::vector<double> rates;
  for (int64_t u = 0; options.ema_warmup && u < updates; ++u) {
    rates.push_back(std::max(last, std::pow(1 + double(u), -2.0 / 3)));
    if (rates.back() == last) return rates;
  }
  if (rates.empty()) rates.push_back(last);
  return rates;
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

const ArenaChunk* chunks_of(const Arena& arena) { return reinterpret_cast<const ArenaChunk*>(arena.chunks().raw()); }
}  // namespace

Optimizer::Optimizer(Arena& arena, const OptimizerOptions& options, const std::vector<float>& learning_rates,
                     int64_t batches_per_update)
    : arena_(arena),
      options_(options),
      batches_per_update_(batches_per_update),
      muon_(muon_of(arena, options)),
      segments_(segment_table(arena, options, muon_)),
      learning_rates_(Tensor::from_host(learning_rates, {int64_t(learning_rates.size())})),
      not_finite_(Tensor::zeros({1}, DType::i64)) {
  const bool sgd = options.kind == OptimizerOptions::Kind::sgd;
  if (!sgd || options.momentum != 0 || muon_) first_ = zeros_like(arena.masters());
  if (!sgd) second_ = zeros_like(arena.masters());
  if (options.ema_decay > 0) {
    ema_ = copy_of(arena.masters());
    const std::vector<double> rates = average_rates(options, int64_t(learning_rates.size()));
    average_rates_ = Tensor::from_host(rates, {int64_t(rates.size())});
  }
  if (options.clip_norm > 0) {
    chunk_squares_ = Tensor::empty({arena.chunk_count()}, DType::f64);
    clip_scale_ = Tensor::empty({1}, DType::f32);
  }
}

std::vector<Optimizer::State> Optimizer::state() const {
  std::vector<State> all;
  if (first_) all.push_back({"first_moment", first_});
  if (second_) all.push_back({"second_moment", second_});
  if (ema_) all.push_back({"average", ema_});
  return all;
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
void Optimizer::limit_norm() {
  kernels::chunk_squares(arena_.gradients().data<A>(), chunks_of(arena_), arena_.chunk_count(),
                         chunk_squares_.data<double>(), stream());
  kernels::clip_scale(chunk_squares_.data<double>(), arena_.chunk_count(), options_.clip_norm,
                      clip_scale_.data<float>(), nullptr, stream());
}

template <class A>
void Optimizer::step_as(const StepState* state) {
  if (clip_scale_) limit_norm<A>();
  const kernels::OptimizerArena<A> arena{.masters = arena_.masters().data<A>(),
                                         .gradients = arena_.gradients().data<A>(),
                                         .shadow = data_or_null<bf16>(arena_.shadow()),
                                         .average = data_or_null<A>(ema_),
                                         .chunks = chunks_of(arena_),
                                         .chunk_count = arena_.chunk_count(),
                                         .segments = reinterpret_cast<const ArenaSegment*>(segments_.raw())};
  const kernels::OptimizerSchedule schedule{.state = state,
                                            .batches_per_update = batches_per_update_,
                                            .learning_rates = learning_rates_.data<float>(),
                                            .learning_rate_count = learning_rates_.size(),
                                            .average_rates = data_or_null<double>(average_rates_),
                                            .average_rate_count = average_rates_ ? average_rates_.size() : 0,
                                            .gradient_scale = data_or_null<float>(clip_scale_),
                                            .not_finite = not_finite_.data<int64_t>()};
  if (muon_) move_matrices(arena, schedule);
  move_elements(arena, schedule);
}

/// The matrices follow Muon's directions, in place of gradients, without further momentum.
template <class A>
void Optimizer::move_matrices(kernels::OptimizerArena<A> arena, kernels::OptimizerSchedule schedule) {
  muon_->update(first_, schedule.gradient_scale);
  arena.gradients = muon_->directions().data<A>();
  arena.chunks = reinterpret_cast<const ArenaChunk*>(muon_->chunks().raw());
  arena.chunk_count = muon_->chunks().size() / int64_t(sizeof(ArenaChunk));
  schedule.gradient_scale = nullptr;
  kernels::sgd_step(arena, schedule, static_cast<A*>(nullptr), 0, false, stream());
}

template <class A>
void Optimizer::move_elements(kernels::OptimizerArena<A> arena, const kernels::OptimizerSchedule& schedule) {
  if (muon_) {
    arena.chunks = reinterpret_cast<const ArenaChunk*>(muon_->other_chunks().raw());
    arena.chunk_count = muon_->other_chunks().size() / int64_t(sizeof(ArenaChunk));
  }
  if (options_.kind == OptimizerOptions::Kind::sgd)
    kernels::sgd_step(arena, schedule, options_.momentum != 0 ? first_.data<A>() : nullptr, options_.momentum,
                      options_.nesterov, stream());
  else
    kernels::adam_step(arena, schedule, first_.data<A>(), second_.data<A>(),
                       {.beta1 = options_.beta1,
                        .beta2 = options_.beta2,
                        .epsilon = options_.eps,
                        .decoupled = options_.kind == OptimizerOptions::Kind::adamw},
                       stream());
}

}  // namespace cucurbit
