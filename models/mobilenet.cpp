#include "models/mobilenet.h"

#include <fmt/format.h>

#include "models/blocks.h"

namespace cucurbit {

namespace {
enum class Naming { torchvision, repdistiller };

struct MobileForm {
  Naming naming;
  bool half;                       // widths, but for the last
  int stem_stride, second_stride;  // of the second group
};

/// Blocks of one width; the first has the stride.
struct Group {
  int expansion, width, blocks, stride;  // 0: the form says
  const char* tap;                       // the name of its result, or null
};
constexpr Group kGroups[] = {{1, 16, 1, 1, nullptr},  {6, 24, 2, 0, "stage1"}, {6, 32, 3, 2, "stage2"},
                             {6, 64, 4, 2, nullptr},  {6, 96, 3, 1, "stage3"}, {6, 160, 3, 2, nullptr},
                             {6, 320, 1, 1, "stage4"}};
constexpr int kBlocks = 17;
constexpr int64_t kLastWidth = 1280;

/// Names of the expanding, the depthwise and the projecting convolution, each with its norm.
std::array<ConvNorm2d::Names, 3> block_names(Naming naming, bool expands) {
  if (naming == Naming::repdistiller) return {{{"conv.0", "conv.1"}, {"conv.3", "conv.4"}, {"conv.6", "conv.7"}}};
  if (expands) return {{{"conv.0.0", "conv.0.1"}, {"conv.1.0", "conv.1.1"}, {"conv.2", "conv.3"}}};
  return {{{}, {"conv.0.0", "conv.0.1"}, {"conv.1", "conv.2"}}};
}

ModulePtr inverted_residual(const MobileForm& form, int64_t in, int64_t out, int stride, int expansion,
                            const DropPath& drop_path) {
  // RepDistiller's first block, which does not widen, has the expanding convolution all the same.
  const bool expands = expansion > 1 || form.naming == Naming::repdistiller;
  const Activation activation = form.naming == Naming::torchvision ? Activation::relu6 : Activation::relu;
  const int64_t wide = in * expansion;
  const auto names = block_names(form.naming, expands);
  auto body = std::make_unique<Sequential>();
  if (expands) body->splice(conv_norm(in, wide, {.kernel = 1, .activation = activation}, names[0]));
  body->splice(conv_norm(wide, wide, {.stride = stride, .groups = int(wide), .activation = activation}, names[1]));
  auto last = conv_norm(wide, out, {.kernel = 1, .activation = Activation::identity}, names[2]);
  if (stride == 1 && in == out)
    return std::make_unique<Residual>(std::move(body), std::move(last), nullptr,
                                      Residual::Options{.drop_path = drop_path});
  body->splice(std::move(last));
  return body;
}

/// "features.0." counts on through the blocks of all groups, "blocks.0.0." within each.
std::string block_name(Naming naming, int group, int block, int counted) {
  return naming == Naming::torchvision ? fmt::format("features.{}", counted + 1)
                                       : fmt::format("blocks.{}.{}", group, block);
}

ModulePtr build_mobilenet(const MobileForm& form, const ModelOptions& options) {
  const bool torchvision = form.naming == Naming::torchvision;
  const Activation activation = torchvision ? Activation::relu6 : Activation::relu;
  const int64_t parts = form.half ? 2 : 1;
  int64_t in = 32 / parts;
  auto net = std::make_unique<Sequential>();
  net->splice(tapped(conv_norm(options.image[2], in, {.stride = form.stem_stride, .activation = activation},
                               torchvision ? ConvNorm2d::Names{"features.0.0", "features.0.1"}
                                           : ConvNorm2d::Names{"conv1.0", "conv1.1"}),
                     "stem"));
  DropPathRule drop_path(options.drop_path, kBlocks);
  int counted = 0;
  for (int g = 0; g < int(std::size(kGroups)); ++g) {
    const Group& group = kGroups[g];
    auto blocks = std::make_unique<Sequential>();
    for (int block = 0; block < group.blocks; ++block) {
      const int stride = block > 0 ? 1 : g == 1 ? form.second_stride : group.stride;
      blocks->add(inverted_residual(form, in, group.width / parts, stride, group.expansion, drop_path.next()),
                  block_name(form.naming, g, block, counted++));
      in = group.width / parts;
    }
    net->splice(group.tap ? tapped(std::move(blocks), group.tap) : std::move(blocks));
  }
  net->splice(conv_norm(
      in, kLastWidth, {.kernel = 1, .activation = activation},
      torchvision ? ConvNorm2d::Names{"features.18.0", "features.18.1"} : ConvNorm2d::Names{"conv2.0", "conv2.1"}));
  add_classifier(*net, options, torchvision ? "classifier.1" : "classifier.0",
                 small_linear(kLastWidth, options.classes));
  return net;
}

ModelFamily family(const std::string& name, const std::string& summary, bool imagenet, const MobileForm& form,
                   std::vector<std::string> aliases = {}) {
  return fixed_model({.name = name,
                      .summary = summary,
                      .paper = "Sandler, Howard, Zhu, Zhmoginov, Chen, MobileNetV2: Inverted Residuals and Linear "
                               "Bottlenecks, CVPR 2018",
                      .image = imagenet ? kImagenetImage : kCifarImage,
                      .classes = imagenet ? 1000 : 100,
                      .residual = true,
                      .aliases = std::move(aliases)},
                     [form](const ModelOptions& options) { return build_mobilenet(form, options); });
}
}  // namespace

std::vector<ModelFamily> mobilenet_families() {
  return {family("mobilenet_v2", "MobileNetV2 for large images", true, {Naming::torchvision, false, 2, 2}),
          family("mobilenet_v2-cifar", "MobileNetV2 for small images", false, {Naming::torchvision, false, 1, 1}),
          family("mobilenetv2-half", "MobileNetV2, half as wide", false, {Naming::repdistiller, true, 2, 1},
                 {"MobileNetV2"})};
}

}  // namespace cucurbit
