#include "engine/nn/residual.h"

#include <fmt/format.h>

#include "engine/ops/activation.h"
#include "engine/ops/elementwise.h"
#include "kernels/error.h"

namespace cucurbit {

namespace {
const Shape& expect_same(const Shape& main, const Shape& side) {
  if (main != side)
    throw Error(ErrorKind::input,
                fmt::format("[residual] the body's output is {}, the shortcut's {}: the shapes must be equal",
                            to_string(main), to_string(side)));
  return main;
}
}  // namespace

Residual::Residual(ModulePtr body, std::unique_ptr<ConvNorm2d> last, ModulePtr shortcut, Options options)
    : body_(std::move(body)), last_(std::move(last)), shortcut_(std::move(shortcut)), options_(std::move(options)) {}

Tensor Residual::run(const Tensor& x, const ForwardContext& context, bool activated) {
  const Tensor residual = shortcut_ ? shortcut_->forward(x, context) : x;
  const Tensor inner = body_->forward(x, context);
  if (!options_.drop_path.acts(context)) return last_->forward_residual(inner, residual, context, activated);
  const Tensor branch = options_.drop_path.apply(last_->forward_residual(inner, {}, context, false), context);
  const Tensor sum = add(branch, residual);
  return activated ? activate(sum, last_activation()) : sum;
}

Shape Residual::infer_shape(const Shape& input, Survey* survey) const {
  const Shape main = last_->infer_shape(body_->infer_shape(input, survey), survey);
  return expect_same(main, shortcut_ ? shortcut_->infer_shape(input, survey) : input);
}

void Residual::for_each_child(const Visitor& visit) {
  visit("", *body_);
  visit("", *last_);
  if (shortcut_) visit(options_.shortcut_name + ".", *shortcut_);
}

PreactivationResidual::PreactivationResidual(ModulePtr entry, ModulePtr body, ModulePtr shortcut,
                                             const DropPath& drop_path)
    : entry_(std::move(entry)), body_(std::move(body)), shortcut_(std::move(shortcut)), drop_path_(drop_path) {}

Tensor PreactivationResidual::forward(const Tensor& x, const ForwardContext& context) {
  const Tensor entered = entry_->forward(x, context);
  const Tensor branch = drop_path_.apply(body_->forward(entered, context), context);
  return add(shortcut_ ? shortcut_->forward(entered, context) : x, branch);
}

Shape PreactivationResidual::infer_shape(const Shape& input, Survey* survey) const {
  const Shape entered = entry_->infer_shape(input, survey), main = body_->infer_shape(entered, survey);
  return expect_same(main, shortcut_ ? shortcut_->infer_shape(entered, survey) : input);
}

void PreactivationResidual::for_each_child(const Visitor& visit) {
  visit("", *entry_);
  visit("", *body_);
  if (shortcut_) visit("", *shortcut_);
}

}  // namespace cucurbit
