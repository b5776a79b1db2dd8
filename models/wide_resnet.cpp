#include "models/wide_resnet.h"

#include <fmt/format.h>

#include <charconv>

#include "kernels/error.h"
#include "models/blocks.h"

namespace cucurbit {

namespace {
struct WideForm {
  int depth, widen;
};

/// "28-10"
WideForm parse_form(const std::string& specification) {
  WideForm form{};
  const char* const end = specification.data() + specification.size();
  const auto depth = std::from_chars(specification.data(), end, form.depth);
  bool good = depth.ec == std::errc{} && depth.ptr != end && *depth.ptr == '-';
  if (good) {
    const auto widen = std::from_chars(depth.ptr + 1, end, form.widen);
    good = widen.ec == std::errc{} && widen.ptr == end;
  }
  if (!good || form.depth < 10 || form.depth > 1000 || (form.depth - 4) % 6 || form.widen < 1 || form.widen > 100)
    throw Error(
        ErrorKind::usage,
        fmt::format("[model] 'wrn:{}': expected depth-width, depth 10, 16, 22, 28, 34, 40, ..., as in wrn:28-10",
                    specification));
  return form;
}

std::unique_ptr<Conv2d> plain_conv(int64_t in, int64_t out, int kernel, int stride) {
  return std::make_unique<Conv2d>(in, out,
                                  Conv2d::Options{.kernel = kernel,
                                                  .geometry = {.stride = stride, .padding = kernel / 2},
                                                  .bias = false,
                                                  .initializer = Initializer::he_normal(out * kernel * kernel)});
}

/// Batch norm and ReLU, named `name`. `tap`: the name of a tap for the output of the norm; empty: none.
ModulePtr norm_relu(int64_t channels, const std::string& name, const std::string& tap) {
  auto named = std::make_unique<Sequential>();
  named->add(std::make_unique<BatchNorm2d>(channels, Activation::relu), name);
  return std::make_unique<Tapped>(std::move(named), Tapped::Names{"", tap});
}

ModulePtr block(int64_t in, int64_t out, int stride, const std::string& tap, float drop, const DropPath& drop_path) {
  auto body = std::make_unique<Sequential>();
  body->splice(conv_norm(in, out, {.stride = stride}, {"conv1", "bn2"}));
  if (drop > 0) body->splice(std::make_unique<Dropout>(drop, drop_path.purpose));
  body->add(plain_conv(out, out, 3, 1), "conv2");
  ModulePtr shortcut;
  if (in != out) {
    auto named = std::make_unique<Sequential>();
    named->add(plain_conv(in, out, 1, stride), "convShortcut");
    shortcut = std::move(named);
  }
  return std::make_unique<PreactivationResidual>(norm_relu(in, "bn1", tap), std::move(body), std::move(shortcut),
                                                 drop_path);
}

ModulePtr build_wide_resnet(const WideForm& form, const ModelOptions& options) {
  auto net = std::make_unique<Sequential>();
  net->add(tapped(plain_conv(options.image[2], 16, 3, 1), "stem"), "conv1");
  const int blocks = (form.depth - 4) / 6;
  DropPathRule drop_path(options.drop_path, 3 * blocks);
  int64_t in = 16;
  std::string before;  // the tap of the norm after the last stage
  for (int stage = 1; stage <= 3; ++stage) {
    const int64_t width = (int64_t(16) << (stage - 1)) * form.widen;
    auto stage_blocks = std::make_unique<Sequential>();
    for (int i = 0; i < blocks; ++i) {
      stage_blocks->add(
          block(in, width, stage > 1 && i == 0 ? 2 : 1, i == 0 ? before : "", options.drop, drop_path.next()),
          fmt::format("layer.{}", i));
      in = width;
    }
    const std::string name = fmt::format("stage{}", stage);
    net->add(tapped(std::move(stage_blocks), name), fmt::format("block{}", stage));
    before = name + ".preact";
  }
  net->splice(norm_relu(in, "bn1", before));
  net->splice(tapped(std::make_unique<GlobalAveragePool>(), "pooled"));
  const Linear::Options classifier{.weight_initializer = Initializer::fan_in_uniform(in)};
  net->add(std::make_unique<Linear>(in, options.classes, classifier), "fc");
  return net;
}
}  // namespace

std::vector<ModelFamily> wide_resnet_families() {
  const ModelFamily common{.summary = "wide ResNet, pre-activation, depth-width",
                           .paper = "Zagoruyko, Komodakis, Wide Residual Networks, BMVC 2016",
                           .image = kCifarImage,
                           .classes = 100,
                           .residual = true};
  std::vector<ModelFamily> families;
  for (const WideForm form : {WideForm{16, 1}, {16, 2}, {28, 2}, {40, 1}, {40, 2}}) {
    ModelFamily family = common;
    family.name = fmt::format("wrn{}-{}", form.depth, form.widen);
    family.aliases = {fmt::format("wrn_{}_{}", form.depth, form.widen)};
    families.push_back(fixed_model(std::move(family),
                                   [form](const ModelOptions& options) { return build_wide_resnet(form, options); }));
  }
  ModelFamily any = common;
  any.name = "wrn";
  any.example = "wrn:22-4";
  any.summary += " of your choice";
  any.make = [](const std::string& specification, const ModelOptions& options) {
    return build_wide_resnet(parse_form(specification), options);
  };
  families.push_back(std::move(any));
  return families;
}

}  // namespace cucurbit
