#include "models/vgg.h"

#include <fmt/format.h>

#include "models/blocks.h"

namespace cucurbit {

namespace {
constexpr int64_t kWidths[] = {64, 128, 256, 512, 512};

/// Layers are numbered as in PyTorch, where the ReLU is a layer of its own.
ModulePtr vgg_block(int64_t in, int64_t width, int convolutions) {
  auto made = std::make_unique<Sequential>();
  for (int i = 0; i < convolutions; ++i) {
    const Conv2d::Options options{
        .kernel = 3, .geometry = {.padding = 1}, .initializer = Initializer::he_normal(width * 9)};
    made->splice(std::make_unique<ConvNorm2d>(in, width, options, Activation::relu,
                                              ConvNorm2d::Names{std::to_string(3 * i), std::to_string(3 * i + 1)}));
    in = width;
  }
  return made;
}

ModulePtr build_vgg(const std::vector<int>& convolutions, const ModelOptions& options) {
  auto net = std::make_unique<Sequential>();
  int64_t in = options.image[2];
  const size_t pools = options.image[0] >= 64 ? 4 : 3;
  for (size_t i = 0; i < convolutions.size(); ++i) {
    const std::string tap = i == 0 ? "stem" : fmt::format("stage{}", i);
    net->add(tapped(vgg_block(in, kWidths[i], convolutions[i]), tap), fmt::format("block{}", i));
    if (i < pools) net->emplace<Pool2d>(PoolKind::max, PoolGeometry{.kernel = 2, .stride = 2});
    in = kWidths[i];
  }
  add_classifier(*net, options, "classifier", small_linear(in, options.classes));
  return net;
}
}  // namespace

std::vector<ModelFamily> vgg_families() {
  const std::pair<int, std::vector<int>> forms[] = {
      {8, {1, 1, 1, 1, 1}}, {11, {1, 1, 2, 2, 2}}, {13, {2, 2, 2, 2, 2}}, {16, {2, 2, 3, 3, 3}}, {19, {2, 2, 4, 4, 4}}};
  std::vector<ModelFamily> families;
  for (const auto& [depth, convolutions] : forms) {
    families.push_back(fixed_model(
        {.name = fmt::format("vgg{}", depth),
         .summary = fmt::format("VGG-{} with batch norm and one linear layer", depth),
         .paper = "Simonyan, Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR 2015",
         .image = kCifarImage,
         .classes = 100,
         .aliases = {fmt::format("vgg{}_bn", depth)}},
        [convolutions = convolutions](const ModelOptions& options) { return build_vgg(convolutions, options); }));
  }
  return families;
}

}  // namespace cucurbit
