#pragma once

#include <algorithm>
#include <vector>

#include "kernels/step_value.h"
#include "kernels/types.h"

/// One optimiser step over a parameter store that holds all parameters of a network, in one launch. Deterministic; every element
/// is read and written once.
namespace cucurbit {

/// A run of elements of one parameter: the work of a block.
struct ParameterChunk {
  int64_t begin;    // first element, in the store
  int32_t count;    // at most kParameterChunk
  int32_t segment;  // whose learning rate and weight decay apply
};
inline constexpr int kParameterChunk = 4096;

/// What differs between parameters.
struct ParameterSegment {
  float lr_scale;  // multiplies the learning rate
  float weight_decay;
};

/// Appends the chunks of a parameter that lies in elements [begin, begin + count) of the store.
inline void append_chunks(std::vector<ParameterChunk>& chunks, int64_t begin, int64_t count, int32_t segment) {
  for (int64_t at = 0; at < count; at += kParameterChunk)
    chunks.push_back({begin + at, int32_t(std::min<int64_t>(kParameterChunk, count - at)), segment});
}

namespace kernels {

/// The store in device memory; A (float or double) is the type of masters, gradients and moments.
template <class A>
struct OptimizerParameters {
  A* masters;  // updated
  const A* gradients;
  bf16* low_precision_copy;  // null, or receives the updated masters, rounded
  A* average;  // null, or the exponential moving average of the masters, updated: average += rate (master - average)

  const ParameterChunk* chunks;  // elements in no chunk (padding) are left alone
  int64_t chunk_count;
  const ParameterSegment* segments;
};

/// What changes from step to step, read from device memory so that a captured step can be replayed.
struct OptimizerSchedule {
  const StepState* state;  // state->step() updates were done before this one
  StepValue<float> learning_rate;
  StepValue<double> average_rate = {};    // not read without an average
  const float* gradient_scale = nullptr;  // null, or a factor for all gradients (clipping, loss scaling)
  int64_t* not_finite =
      nullptr;  // null, or 0 until a gradient is infinite or NaN, then 1 + the update that met it first
};

/// Stochastic gradient descent, as torch.optim.SGD with dampening 0. With g the scaled gradient, lr the scheduled rate
/// times lr_scale:
///
///   g += weight_decay p;   v = momentum v + g;   p -= lr (nesterov ? g + momentum v : v)
///
/// velocities [store], zero at first; null if momentum is 0: p -= lr g.
template <class A>
void sgd_step(const OptimizerParameters<A>& store, const OptimizerSchedule& schedule, A* velocities, double momentum,
              bool nesterov, cudaStream_t stream);

struct AdamOptions {
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  bool decoupled = true;  // weight decay as in AdamW: p -= lr weight_decay p first; else g += weight_decay p
};

/// Adam (Kingma and Ba 2015) and AdamW (Loshchilov and Hutter 2019), as torch.optim. With t = updates done + 1:
///
///   m = beta1 m + (1 - beta1) g;   v = beta2 v + (1 - beta2) g^2
///   p -= lr / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + epsilon)
///
/// first_moments, second_moments [store], zero at first.
template <class A>
void adam_step(const OptimizerParameters<A>& store, const OptimizerSchedule& schedule, A* first_moments,
               A* second_moments, const AdamOptions& options, cudaStream_t stream);

}  // namespace kernels
}  // namespace cucurbit
