#include "engine/nn/linear.h"

#include <fmt/format.h>

#include "engine/nn/layer_sizes.h"
#include "engine/ops/linear.h"
#include "kernels/error.h"

namespace cucurbit {

Linear::Linear(int64_t in, int64_t out, const Options& options) : options_(options) {
  expect_positive("linear", {in, out});
  weight_ = {.shape = {out, in},
             .initializer = options.weight_initializer.value_or(Initializer::he_normal(in)),
             .map = options.map};
  if (options.bias) bias_ = {.shape = {out}, .initializer = options.bias_initializer, .is_weight = false};
}

Linear::Linear(int64_t in, int64_t out, Activation activation) : Linear(in, out, Options{.activation = activation}) {}

Tensor Linear::forward(const Tensor& x, const ForwardContext&) {
  return linear(x, weight_.value, bias_.value, options_.activation);
}

Tensor Linear::forward_preactivation(const Tensor& x, const ForwardContext&) {
  return linear(x, weight_.value, bias_.value);
}

Shape Linear::infer_shape(const Shape& input, Survey* survey) const {
  if (input.rank() != 2 || input[1] != weight_.shape[1])
    throw Error(ErrorKind::input,
                fmt::format("[linear] input {} for a layer of {} inputs: flatten first, or change the size",
                            to_string(input), weight_.shape[1]));
  if (survey) survey->flop += 2.0 * double(input[0]) * double(weight_.shape.size());
  return {input[0], weight_.shape[0]};
}

void Linear::list_own_state(const std::string& prefix, StateList& list) {
  list.parameters.push_back({prefix + "weight", &weight_});
  if (options_.bias) list.parameters.push_back({prefix + "bias", &bias_});
}

}  // namespace cucurbit
