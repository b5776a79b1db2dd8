#include "engine/optim/optimizer.h"

#include <algorithm>
#include <cmath>

#include "engine/runtime/check.h"
#include "engine/runtime/op_scope.h"
#include "engine/runtime/stream.h"
#include "kernels/gradient_norm.h"

namespace cucurbit {

namespace {
Tensor segment_table(const ParameterStore& store, const OptimizerOptions& options, const std::optional<Muon>& muon) {
  std::vector<ParameterSegment> segments;
  for (size_t i = 0; i < store.state().parameters.size(); ++i) {
    const Parameter& parameter = *store.state().parameters[i].item;
    ParameterSegment segment{
        .lr_scale = 1, .weight_decay = options.decay_all || parameter.is_weight ? float(options.weight_decay) : 0.f};
    if (muon && muon->chosen()[i]) {  // weight decay uses the learning rate without rate_factor
      segment.lr_scale = float(options.muon->rate_scale * Muon::rate_factor(parameter));
      segment.weight_decay = float(options.weight_decay / Muon::rate_factor(parameter));
    }
    segments.push_back(segment);
  }
  return bytes_on_device(std::span<const ParameterSegment>(segments));
}

std::optional<Muon> muon_of(const ParameterStore& store, const OptimizerOptions& options) {
  if (!options.muon) return {};
  return Muon(store, options.muon->momentum, options.muon->nesterov, options.muon->everything);
}

/// 1 - decay of the moving average for each update; the last value applies to all later updates.
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

template <class T>
kernels::StepValue<T> step_value(const Tensor& table, const StepState* state) {
  if (!table) return {};
  return {.table = table.data<T>(), .count = table.size(), .state = state};
}

const ParameterChunk* chunks_of(const ParameterStore& store) {
  return reinterpret_cast<const ParameterChunk*>(store.chunks().raw());
}
}  // namespace

Optimizer::Optimizer(ParameterStore& store, const OptimizerOptions& options, const std::vector<float>& learning_rates)
    : store_(store),
      options_(options),
      muon_(muon_of(store, options)),
      segments_(segment_table(store, options, muon_)),
      learning_rates_(Tensor::from_host(learning_rates, {int64_t(learning_rates.size())})),
      not_finite_(Tensor::zeros({1}, DType::i64)) {
  const bool sgd = options.kind == OptimizerOptions::Kind::sgd;
  if (!sgd || options.momentum != 0 || muon_) first_ = zeros_like(store.masters());
  if (!sgd) second_ = zeros_like(store.masters());
  if (options.ema_decay > 0) {
    ema_ = copy_of(store.masters());
    const std::vector<double> rates = average_rates(options, int64_t(learning_rates.size()));
    average_rates_ = Tensor::from_host(rates, {int64_t(rates.size())});
  }
  if (options.clip_norm > 0) {
    chunk_squares_ = Tensor::empty({store.chunk_count()}, DType::f64);
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
  // Counted are masters, moments and average, read and written, and gradients, read; not the low-precision copy.
  const OpScope scope("optimizer", [&] {
    return moves(store_.masters(), 3 + 2 * int(bool(first_)) + 2 * int(bool(second_)) + 2 * int(bool(ema_)));
  });
  if (store_.masters().dtype() == DType::f64)
    step_as<double>(state);
  else
    step_as<float>(state);
}

template <class A>
void Optimizer::limit_norm() {
  kernels::chunk_squares(store_.gradients().data<A>(), chunks_of(store_), store_.chunk_count(),
                         chunk_squares_.data<double>(), stream());
  kernels::clip_scale(chunk_squares_.data<double>(), store_.chunk_count(), options_.clip_norm,
                      clip_scale_.data<float>(), nullptr, stream());
}

template <class A>
void Optimizer::step_as(const StepState* state) {
  if (clip_scale_) limit_norm<A>();
  const kernels::OptimizerParameters<A> store{.masters = store_.masters().data<A>(),
                                              .gradients = store_.gradients().data<A>(),
                                              .low_precision_copy = data_or_null<bf16>(store_.low_precision_copy()),
                                              .average = data_or_null<A>(ema_),
                                              .chunks = chunks_of(store_),
                                              .chunk_count = store_.chunk_count(),
                                              .segments = reinterpret_cast<const ParameterSegment*>(segments_.raw())};
  const kernels::OptimizerSchedule schedule{.state = state,
                                            .learning_rate = step_value<float>(learning_rates_, state),
                                            .average_rate = step_value<double>(average_rates_, state),
                                            .gradient_scale = data_or_null<float>(clip_scale_),
                                            .not_finite = not_finite_.data<int64_t>()};
  if (muon_) move_matrices(store, schedule);
  move_elements(store, schedule);
}

/// Updates the matrices by SGD along Muon's directions in place of the gradients, without further momentum.
template <class A>
void Optimizer::move_matrices(kernels::OptimizerParameters<A> store, kernels::OptimizerSchedule schedule) {
  muon_->update(first_, schedule.gradient_scale);
  store.gradients = muon_->directions().data<A>();
  store.chunks = reinterpret_cast<const ParameterChunk*>(muon_->chunks().raw());
  store.chunk_count = muon_->chunks().size() / int64_t(sizeof(ParameterChunk));
  schedule.gradient_scale = nullptr;
  kernels::sgd_step(store, schedule, static_cast<A*>(nullptr), 0, false, stream());
}

template <class A>
void Optimizer::move_elements(kernels::OptimizerParameters<A> store, const kernels::OptimizerSchedule& schedule) {
  if (muon_) {
    store.chunks = reinterpret_cast<const ParameterChunk*>(muon_->other_chunks().raw());
    store.chunk_count = muon_->other_chunks().size() / int64_t(sizeof(ParameterChunk));
  }
  if (options_.kind == OptimizerOptions::Kind::sgd)
    kernels::sgd_step(store, schedule, options_.momentum != 0 ? first_.data<A>() : nullptr, options_.momentum,
                      options_.nesterov, stream());
  else
    kernels::adam_step(store, schedule, first_.data<A>(), second_.data<A>(),
                       {.beta1 = options_.beta1,
                        .beta2 = options_.beta2,
                        .epsilon = options_.eps,
                        .decoupled = options_.kind == OptimizerOptions::Kind::adamw},
                       stream());
}

}  // namespace cucurbit
