#include "engine/nn/branches.h"

#include <fmt/format.h>

#include "engine/nn/features.h"
#include "engine/ops/activation.h"
#include "engine/ops/channels.h"
#include "engine/ops/elementwise.h"
#include "kernels/error.h"

namespace cucurbit {

namespace {
Shape with_channels(const Shape& shape, int64_t channels) {
  std::vector<int64_t> dims = shape.dims();
  dims.back() = channels;
  return Shape(dims);
}
}  // namespace

Tensor Tapped::forward(const Tensor& x, const ForwardContext& context) {
  Features* const features = context.features;
  if (!features) return layer_->forward(x, context);
  Tensor y;
  if (!names_.preactivation.empty() && features->wants(names_.preactivation)) {
    const Tensor before = layer_->forward_preactivation(x, context);
    features->record(names_.preactivation, before);
    y = activate(before, layer_->last_activation());
  } else {
    y = layer_->forward(x, context);
  }
  features->record(names_.output, y);
  return y;
}

void Tapped::list_taps(const Shape& input, std::vector<Tap>& taps) const {
  layer_->list_taps(input, taps);
  const Shape output = layer_->output_shape(input);
  for (const std::string& name : {names_.preactivation, names_.output})
    if (!name.empty()) taps.push_back({name, output});
}

Tensor SliceChannels::forward(const Tensor& x, const ForwardContext&) { return slice_channels(x, begin_, end_); }

Shape SliceChannels::output_shape(const Shape& input) const {
  if (input.rank() < 1 || begin_ < 0 || begin_ > end_ || end_ > input[-1])
    throw Error(ErrorKind::input, fmt::format("[slice_channels] {} to {} of input {}", begin_, end_, to_string(input)));
  return with_channels(input, end_ - begin_);
}

Tensor ShuffleChannels::forward(const Tensor& x, const ForwardContext&) { return shuffle_channels(x, groups_); }

Shape ShuffleChannels::output_shape(const Shape& input) const {
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

Shape Concat::output_shape(const Shape& input) const {
  int64_t channels = 0;
  Shape common;
  for (const ModulePtr& branch : branches_) {
    const Shape output = branch->output_shape(input);
    if (channels > 0 && with_channels(output, 0) != with_channels(common, 0))
      throw Error(ErrorKind::input, fmt::format("[concat] branches give {} and {}: all but the channels must agree",
                                                to_string(common), to_string(output)));
    common = output;
    channels += output[-1];
  }
  return shuffle_.output_shape(with_channels(common, channels));
}

double Concat::forward_flop(const Shape& input) const {
  double flop = 0;
  for (const ModulePtr& branch : branches_) flop += branch->forward_flop(input);
  return flop;
}

void Concat::list_state(const std::string& prefix, StateList& list) {
  for (const ModulePtr& branch : branches_) branch->list_state(prefix, list);
}

void Concat::list_taps(const Shape& input, std::vector<Tap>& taps) const {
  for (const ModulePtr& branch : branches_) branch->list_taps(input, taps);
}

PreactivationResidual::PreactivationResidual(ModulePtr entry, ModulePtr body, ModulePtr shortcut,
                                             const DropPath& drop_path)
    : entry_(std::move(entry)), body_(std::move(body)), shortcut_(std::move(shortcut)), drop_path_(drop_path) {}

Tensor PreactivationResidual::forward(const Tensor& x, const ForwardContext& context) {
  const Tensor entered = entry_->forward(x, context);
  const Tensor branch = drop_path_.apply(body_->forward(entered, context), context);
  return add(shortcut_ ? shortcut_->forward(entered, context) : x, branch);
}

Shape PreactivationResidual::output_shape(const Shape& input) const {
  const Shape entered = entry_->output_shape(input), main = body_->output_shape(entered);
  const Shape side = shortcut_ ? shortcut_->output_shape(entered) : input;
  if (main != side)
    throw Error(ErrorKind::input, fmt::format("[residual] body gives {}, shortcut {}: they must agree to be added",
                                              to_string(main), to_string(side)));
  return main;
}

double PreactivationResidual::forward_flop(const Shape& input) const {
  const Shape entered = entry_->output_shape(input);
  return entry_->forward_flop(input) + body_->forward_flop(entered) +
         (shortcut_ ? shortcut_->forward_flop(entered) : 0);
}

void PreactivationResidual::list_state(const std::string& prefix, StateList& list) {
  entry_->list_state(prefix, list);
  body_->list_state(prefix, list);
  if (shortcut_) shortcut_->list_state(prefix, list);
}

void PreactivationResidual::list_taps(const Shape& input, std::vector<Tap>& taps) const {
  const Shape entered = entry_->output_shape(input);
  entry_->list_taps(input, taps);
  body_->list_taps(entered, taps);
  if (shortcut_) shortcut_->list_taps(entered, taps);
}

}  // namespace cucurbit
