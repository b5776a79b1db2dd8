#include "models/resnet.h"

#include <fmt/format.h>

#include "engine/io/join.h"
#include "models/blocks.h"

namespace cucurbit {

namespace {
struct ResnetForm {
  int64_t stem;
  std::vector<int64_t> widths;  // of the stages
  std::vector<int> blocks;      // in each stage
  bool bottleneck = false;      // blocks of 1x1, 3x3, 1x1 that end four times as wide
  bool imagenet_stem = false;
  std::string shortcut = "downsample", classifier = "fc";
};

ModulePtr shortcut_of(int64_t in, int64_t out, int stride) {
  if (stride == 1 && in == out) return nullptr;
  return conv_norm(in, out, {.kernel = 1, .stride = stride, .activation = Activation::identity}, {"0", "1"});
}

ModulePtr basic_block(int64_t in, int64_t width, int stride, Residual::Options options) {
  return std::make_unique<Residual>(conv_norm(in, width, {.stride = stride}, {"conv1", "bn1"}),
                                    conv_norm(width, width, {}, {"conv2", "bn2"}), shortcut_of(in, width, stride),
                                    std::move(options));
}

ModulePtr bottleneck_block(int64_t in, int64_t width, int stride, Residual::Options options) {
  auto body = std::make_unique<Sequential>();
  body->splice(conv_norm(in, width, {.kernel = 1}, {"conv1", "bn1"}));
  body->splice(conv_norm(width, width, {.stride = stride}, {"conv2", "bn2"}));
  return std::make_unique<Residual>(std::move(body), conv_norm(width, 4 * width, {.kernel = 1}, {"conv3", "bn3"}),
                                    shortcut_of(in, 4 * width, stride), std::move(options));
}

int count_blocks(const ResnetForm& form) {
  int count = 0;
  for (const int blocks : form.blocks) count += blocks;
  return count;
}

ModulePtr build_resnet(const ResnetForm& form, const ModelOptions& options) {
  auto net = std::make_unique<Sequential>();
  const ConvNormOptions stem = form.imagenet_stem ? ConvNormOptions{.kernel = 7, .stride = 2} : ConvNormOptions{};
  net->splice(tapped(conv_norm(options.image[2], form.stem, stem, {"conv1", "bn1"}), "stem"));
  if (form.imagenet_stem) net->emplace<Pool2d>(PoolKind::max, PoolGeometry{.kernel = 3, .stride = 2, .padding = 1});
  DropPathRule drop_path(options.drop_path, count_blocks(form));
  int64_t in = form.stem;
  for (size_t stage = 0; stage < form.widths.size(); ++stage) {
    const int64_t width = form.widths[stage];
    auto blocks = std::make_unique<Sequential>();
    for (int block = 0; block < form.blocks[stage]; ++block) {
      const int stride = stage > 0 && block == 0 ? 2 : 1;
      Residual::Options residual{.drop_path = drop_path.next(), .shortcut_name = form.shortcut};
      blocks->add(form.bottleneck ? bottleneck_block(in, width, stride, std::move(residual))
                                  : basic_block(in, width, stride, std::move(residual)));
      in = form.bottleneck ? 4 * width : width;
    }
    const std::string number = std::to_string(stage + 1);
    net->add(tapped(std::move(blocks), "stage" + number), "layer" + number);
  }
  add_classifier(*net, options, form.classifier, torch_linear(in, options.classes));
  return net;
}

ModelFamily family(const std::string& name, const std::string& summary, bool imagenet, ResnetForm form,
                   std::vector<std::string> aliases = {}) {
  return fixed_model({.name = name,
                      .summary = summary,
                      .paper = "He, Zhang, Ren, Sun, Deep Residual Learning for Image Recognition, CVPR 2016",
                      .image = imagenet ? kImagenetImage : kCifarImage,
                      .classes = imagenet ? 1000 : 100,
                      .residual = true,
                      .aliases = std::move(aliases)},
                     [form = std::move(form)](const ModelOptions& options) { return build_resnet(form, options); });
}

ModelFamily small_family(int depth, const std::string& suffix, int64_t stem, const std::vector<int64_t>& widths) {
  const std::string summary = fmt::format("ResNet-{}, widths {}", depth, join(widths, "-"));
  const int blocks = (depth - 2) / 6;
  return family(fmt::format("resnet{}{}", depth, suffix), summary, false,
                {.stem = stem, .widths = widths, .blocks = {blocks, blocks, blocks}});
}
}  // namespace

std::vector<ModelFamily> resnet_families() {
  std::vector<ModelFamily> families;
  for (const int depth : {8, 14, 20, 32, 44, 56, 110}) families.push_back(small_family(depth, "", 16, {16, 32, 64}));
  for (const int depth : {8, 32}) families.push_back(small_family(depth, "x4", 32, {64, 128, 256}));
  for (const bool imagenet : {true, false})
    for (const int depth : {18, 34, 50}) {
      ResnetForm form{.stem = 64, .widths = {64, 128, 256, 512}, .blocks = {3, 4, 6, 3}, .bottleneck = depth == 50};
      if (depth == 18) form.blocks = {2, 2, 2, 2};
      form.imagenet_stem = imagenet;
      std::vector<std::string> aliases;
      if (!imagenet) {
        form.shortcut = "shortcut";
        form.classifier = "linear";
        aliases = {fmt::format("ResNet{}", depth)};
      }
      families.push_back(family(fmt::format("resnet{}{}", depth, imagenet ? "" : "-cifar"),
                                fmt::format("ResNet-{} for {} images", depth, imagenet ? "large" : "small"), imagenet,
                                std::move(form), aliases));
    }
  return families;
}

}  // namespace cucurbit
