#include "engine/nn/conv2d.h"

#include <fmt/format.h>

#include "engine/nn/layer_sizes.h"
#include "kernels/error.h"

namespace cucurbit {

Conv2d::Conv2d(int64_t in, int64_t out, const Options& options) : options_(options) {
  const int groups = options.geometry.groups;
  expect_positive("conv2d", {in, out, options.kernel, groups});
  if (in % groups || out % groups)
    throw Error(ErrorKind::usage,
                fmt::format("[conv2d] {} groups do not divide {} input and {} output channels", groups, in, out));
  const int64_t k = options.kernel, fan_in = in / groups * k * k;
  filter_ = {.shape = {out, k, k, in / groups},
             .initializer = options.initializer.value_or(Initializer::he_normal(fan_in))};
  if (options.bias) bias_ = {.shape = {out}, .is_weight = false};
}

Tensor Conv2d::forward(const Tensor& x, const ForwardContext&) {
  return conv2d(x, filter_.value, bias_.value, options_.geometry);
}

Shape Conv2d::infer_shape(const Shape& input, Survey* survey) const {
  const Shape output = conv2d_output_shape(input, filter_.shape, options_.geometry);
  if (survey) survey->flop += 2.0 * double(output.size()) * double(filter_.shape.size() / filter_.shape[0]);
  return output;
}

void Conv2d::list_own_state(const std::string& prefix, StateList& list) {
  list.parameters.push_back({prefix + "weight", &filter_});
  if (options_.bias) list.parameters.push_back({prefix + "bias", &bias_});
}

}  // namespace cucurbit
