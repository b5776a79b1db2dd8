#include "kernels/device/math.cuh"
#include "kernels/device/reduce.cuh"
#include "kernels/device/step_value.cuh"
#include "kernels/device/vector.cuh"
#include "kernels/host/launch.h"
#include "kernels/optimizer.h"

namespace cucurbit::kernels {

namespace {
constexpr int kBlockThreads = 256;
}

/// The constants of one chunk.
template <class A>
struct ChunkRates {
  A learning_rate, weight_decay, gradient_scale;

  __device__ __forceinline__ ChunkRates(const OptimizerSchedule& schedule, const ParameterSegment& segment) {
    learning_rate = A(read(schedule.learning_rate)) * A(segment.lr_scale);
    weight_decay = A(segment.weight_decay);
    gradient_scale = schedule.gradient_scale ? A(*schedule.gradient_scale) : A(1);
  }
};

/// Notes the first update with a gradient that is infinite or NaN: times 0 it is NaN, and so is a sum with it.
template <int kThreads, class A>
__device__ __forceinline__ void watch_gradients(const A* __restrict__ gradients, int count,
                                                const OptimizerSchedule& schedule) {
  if (schedule.not_finite == nullptr) return;
  const A probe = loop_sum<A>(strided<kThreads>(count), [&](int i) { return gradients[i] * A(0); });
  using Word = unsigned long long;
  if (probe != A(0)) atomicCAS(reinterpret_cast<Word*>(schedule.not_finite), Word(0), Word(schedule.state->step() + 1));
}

/// p = update(i, p, g) over the chunk of the block, with low_precision_copy and average in the same pass.
template <int kThreads, bool kLowPrecisionCopy, bool kAverage, class A, class Update>
__device__ __forceinline__ void update_chunk(const OptimizerParameters<A>& store, const OptimizerSchedule& schedule,
                                             Update update) {
  const ParameterChunk chunk = store.chunks[blockIdx.x];
  A* __restrict__ masters = store.masters + chunk.begin;
  const A* __restrict__ gradients = store.gradients + chunk.begin;
  [[maybe_unused]] bf16* __restrict__ low_precision_copy =
      kLowPrecisionCopy ? store.low_precision_copy + chunk.begin : nullptr;
  [[maybe_unused]] A* __restrict__ average = kAverage ? store.average + chunk.begin : nullptr;
  [[maybe_unused]] A rest = 0;
  if constexpr (kAverage) rest = A(read(schedule.average_rate));
  watch_gradients<kThreads>(gradients, chunk.count, schedule);
  // Each thread has the same elements in every array, so nothing has to be synchronised.
  for_each(strided<kThreads>(chunk.count), [&](int i) {
    const A p = update(chunk.begin + i, masters[i], gradients[i]);
    masters[i] = p;
    if constexpr (kLowPrecisionCopy) low_precision_copy[i] = __float2bfloat16(float(p));
    if constexpr (kAverage) average[i] += rest * (p - average[i]);
  });
}

template <int kThreads, bool kLowPrecisionCopy, bool kAverage, bool kMomentum, class A>
__global__ void sgd_kernel(OptimizerParameters<A> store, OptimizerSchedule schedule, [[maybe_unused]] A* velocities,
                           A momentum, bool nesterov) {
  const ChunkRates<A> rates(schedule, store.segments[store.chunks[blockIdx.x].segment]);
  // Both forms of momentum step by along g + across v.
  [[maybe_unused]] const A along = nesterov ? A(1) : A(0), across = nesterov ? momentum : A(1);
  update_chunk<kThreads, kLowPrecisionCopy, kAverage>(store, schedule, [&](int64_t i, A p, A gradient) {
    const A g = gradient * rates.gradient_scale + rates.weight_decay * p;
    if constexpr (!kMomentum) return p - rates.learning_rate * g;
    const A v = momentum * velocities[i] + g;
    velocities[i] = v;
    return p - rates.learning_rate * (along * g + across * v);
  });
}

/// base^exponent by squaring, exponent >= 0: a few dozen multiplications at most, without the registers of pow.
__device__ __forceinline__ double power(double base, int64_t exponent) {
  double result = 1;
  for (; exponent > 0; exponent >>= 1, base *= base)
    if (exponent & 1) result *= base;
  return result;
}

template <int kThreads, bool kLowPrecisionCopy, bool kAverage, class A>
__global__ void adam_kernel(OptimizerParameters<A> store, OptimizerSchedule schedule, A* __restrict__ first_moments,
                            A* __restrict__ second_moments, AdamOptions options) {
  __shared__ double corrections[2];
  if (thread_index<kThreads>() == 0) {
    // In double: 1 - 0.999^1 has four digits left in float.
    const int64_t t = schedule.state->step() + 1;
    corrections[0] = 1 - power(options.beta1, t);
    corrections[1] = 1 / ::sqrt(1 - power(options.beta2, t));
  }
  __syncthreads();  // one thread computed the corrections for all
  const ChunkRates<A> rates(schedule, store.segments[store.chunks[blockIdx.x].segment]);
  const A step_size = A(double(rates.learning_rate) / corrections[0]), scale = A(corrections[1]);
  const A keep = options.decoupled ? A(1) - rates.learning_rate * rates.weight_decay : A(1);
  const A coupled = options.decoupled ? A(0) : rates.weight_decay;
  const A fresh1 = A(1 - options.beta1), fresh2 = A(1 - options.beta2), beta2 = A(options.beta2);
  const A epsilon = A(options.epsilon);
  update_chunk<kThreads, kLowPrecisionCopy, kAverage>(store, schedule, [&](int64_t i, A p, A gradient) {
    const A g = gradient * rates.gradient_scale + coupled * p;
    const A m = first_moments[i] + fresh1 * (g - first_moments[i]);
    const A v = beta2 * second_moments[i] + fresh2 * g * g;
    first_moments[i] = m;
    second_moments[i] = v;
    return keep * p - step_size * m / (math::sqrt(v) * scale + epsilon);
  });
}

// --- Launchers -----------------------------------------------------------------------------------------------------

namespace {
/// f(std::bool_constant<flag>)
template <class F>
void dispatch_flag(bool flag, F&& f) {
  if (flag)
    f(std::true_type{});
  else
    f(std::false_type{});
}
}  // namespace

template <class A>
void sgd_step(const OptimizerParameters<A>& store, const OptimizerSchedule& schedule, A* velocities, double momentum,
              bool nesterov, cudaStream_t stream) {
  dispatch_flag(store.low_precision_copy != nullptr, [&](auto low_precision_copy) {
    dispatch_flag(store.average != nullptr, [&](auto average) {
      dispatch_flag(velocities != nullptr, [&](auto has_momentum) {
        launch<kBlockThreads>(CUCURBIT_KERNEL(sgd_kernel, decltype(low_precision_copy)::value, decltype(average)::value,
                                              decltype(has_momentum)::value, A),
                              store.chunk_count, stream, store, schedule, velocities, A(momentum), nesterov);
      });
    });
  });
}

template <class A>
void adam_step(const OptimizerParameters<A>& store, const OptimizerSchedule& schedule, A* first_moments,
               A* second_moments, const AdamOptions& options, cudaStream_t stream) {
  dispatch_flag(store.low_precision_copy != nullptr, [&](auto low_precision_copy) {
    dispatch_flag(store.average != nullptr, [&](auto average) {
      launch<kBlockThreads>(
          CUCURBIT_KERNEL(adam_kernel, decltype(low_precision_copy)::value, decltype(average)::value, A),
          store.chunk_count, stream, store, schedule, first_moments, second_moments, options);
    });
  });
}

#define CUCURBIT_INSTANTIATE(A)                                                                                    \
  template void sgd_step(const OptimizerParameters<A>&, const OptimizerSchedule&, A*, double, bool, cudaStream_t); \
  template void adam_step(const OptimizerParameters<A>&, const OptimizerSchedule&, A*, A*, const AdamOptions&,     \
                          cudaStream_t);
CUCURBIT_INSTANTIATE(float)
CUCURBIT_INSTANTIATE(double)
#undef CUCURBIT_INSTANTIATE

}  // namespace cucurbit::kernels
