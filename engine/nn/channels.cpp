#include "engine/nn/channels.h"

#include <fmt/format.h>

#include "engine/ops/channels.h"
#include "kernels/error.h"

namespace cucurbit {

namespace {
Shape with_channels(const Shape& shape, int64_t channels) {
  std::vector<int64_t> dims = shape.dims();
  dims.back() = channels;
  return Shape(dims);
}
}  // namespace

Tensor SliceChannels::forward(const Tensor& x, const ForwardContext&) { return slice_channels(x, begin_, end_); }

Shape SliceChannels::infer_shape(const Shape& input, Survey*) const {
  if (input.rank() < 1 || begin_ < 0 || begin_ > end_ || end_ > input[-1])
    throw Error(ErrorKind::input, fmt::format("[slice_channels] {} to {} of input {}: outside the channels", begin_,
                                              end_, to_string(input)));
  return with_channels(input, end_ - begin_);
}

Tensor ShuffleChannels::forward(const Tensor& x, const ForwardContext&) { return shuffle_channels(x, groups_); }

Shape ShuffleChannels::infer_shape(const Shape& input, Survey*) const {
  if (input.rank() < 1 || groups_ < 1 || input[-1] % groups_)
    throw Error(ErrorKind::input,
                fmt::format("[shuffle_channels] {} groups do not divide input {}", groups_, to_string(input)));
  return input;
}

Tensor Concat::join(const std::vector<Tensor>& parts, const ForwardContext& context) {
  const bool interleaved = shuffle_.groups() == 2 && parts.size() == 2 && parts[0].dim(-1) == parts[1].dim(-1);
  if (interleaved) return interleave_channels(parts[0], parts[1]);
  return shuffle_.forward(concat_channels(parts), context);
}

Tensor Concat::forward(const Tensor& x, const ForwardContext& context) {
  std::vector<Tensor> parts;
  for (const ModulePtr& branch : branches_) parts.push_back(branch->forward(x, context));
  return join(parts, context);
}

Tensor Concat::forward_preactivation(const Tensor& x, const ForwardContext& context) {
  std::vector<Tensor> parts;
  for (const ModulePtr& branch : branches_) parts.push_back(branch->forward_preactivation(x, context));
  return join(parts, context);
}

Shape Concat::infer_shape(const Shape& input, Survey* survey) const {
  int64_t channels = 0;
  Shape common;
  for (const ModulePtr& branch : branches_) {
    const Shape output = branch->infer_shape(input, survey);
    if (channels > 0 && with_channels(output, 0) != with_channels(common, 0))
      throw Error(
          ErrorKind::input,
          fmt::format("[concat] the branches' outputs are {} and {}: all dimensions but the channels must be equal",
                      to_string(common), to_string(output)));
    common = output;
    channels += output[-1];
  }
  return shuffle_.infer_shape(with_channels(common, channels), survey);
}

void Concat::for_each_child(const Visitor& visit) {
  for (const ModulePtr& branch : branches_) visit("", *branch);
}

}  // namespace cucurbit
