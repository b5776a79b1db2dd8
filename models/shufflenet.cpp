#include "models/shufflenet.h"

#include <fmt/format.h>

#include "models/blocks.h"

namespace cucurbit {

namespace {
using Names = ConvNorm2d::Names;

/// All convolutions of these networks have PyTorch's initial values.
std::unique_ptr<ConvNorm2d> pointwise(int64_t in, int64_t out, const Names& names, int groups = 1) {
  return conv_norm(in, out, {.kernel = 1, .groups = groups, .torch_initial = true}, names);
}

std::unique_ptr<ConvNorm2d> depthwise(int64_t channels, int stride, const Names& names) {
  return conv_norm(
      channels, channels,
      {.stride = stride, .groups = int(channels), .activation = Activation::identity, .torch_initial = true}, names);
}

std::vector<ModulePtr> pair(ModulePtr first, ModulePtr second) {
  std::vector<ModulePtr> both;
  both.push_back(std::move(first));
  both.push_back(std::move(second));
  return both;
}

// --- V1

constexpr int kGroups = 3;

ModulePtr v1_block(int64_t in, int64_t out, int stride, const DropPath& drop_path) {
  const int64_t branch = stride == 2 ? out - in : out, middle = branch / 4;
  const int groups = in == 24 ? 1 : kGroups;
  auto body = std::make_unique<Sequential>();
  body->splice(pointwise(in, middle, {"conv1", "bn1"}, groups));
  if (groups > 1) body->emplace<ShuffleChannels>(groups);
  body->splice(
      conv_norm(middle, middle, {.stride = stride, .groups = int(middle), .torch_initial = true}, {"conv2", "bn2"}));
  auto last = pointwise(middle, branch, {"conv3", "bn3"}, kGroups);
  if (stride == 1)
    return std::make_unique<Residual>(std::move(body), std::move(last), nullptr,
                                      Residual::Options{.drop_path = drop_path});
  body->splice(std::move(last));
  auto pool = std::make_unique<Pool2d>(PoolKind::average, PoolGeometry{.kernel = 3, .stride = 2, .padding = 1});
  return std::make_unique<Concat>(pair(std::move(body), std::move(pool)), Activation::relu);
}

ModulePtr build_v1(const ModelOptions& options) {
  auto net = std::make_unique<Sequential>();
  net->splice(tapped(pointwise(options.image[2], 24, {"conv1", "bn1"}), "stem"));
  DropPathRule drop_path(options.drop_path, 4 + 8 + 4);
  int64_t in = 24, width = 240;
  int number = 1;
  for (const int blocks : {4, 8, 4}) {
    auto stage = std::make_unique<Sequential>();
    for (int block = 0; block < blocks; ++block) {
      stage->add(v1_block(in, width, block == 0 ? 2 : 1, drop_path.next()));
      in = width;
    }
    net->add(tapped(std::move(stage), fmt::format("stage{}", number)), fmt::format("layer{}", number));
    width *= 2;
    ++number;
  }
  add_classifier(*net, options, "linear", torch_linear(in, options.classes));
  return net;
}

// --- V2

/// Names of the convolutions of both branches, in the first block of a stage and in the others.
struct V2Names {
  Names left[2], right[3], same[3];
};
const V2Names kRepDistillerNames{{{"conv1", "bn1"}, {"conv2", "bn2"}},
                                 {{"conv3", "bn3"}, {"conv4", "bn4"}, {"conv5", "bn5"}},
                                 {{"conv1", "bn1"}, {"conv2", "bn2"}, {"conv3", "bn3"}}};
const V2Names kTorchvisionNames{{{"branch1.0", "branch1.1"}, {"branch1.2", "branch1.3"}},
                                {{"branch2.0", "branch2.1"}, {"branch2.3", "branch2.4"}, {"branch2.5", "branch2.6"}},
                                {{"branch2.0", "branch2.1"}, {"branch2.3", "branch2.4"}, {"branch2.5", "branch2.6"}}};

std::unique_ptr<Sequential> v2_branch(int64_t in, int64_t out, int stride, const Names (&names)[3]) {
  auto branch = std::make_unique<Sequential>();
  branch->splice(pointwise(in, out, names[0]));
  branch->splice(depthwise(out, stride, names[1]));
  branch->splice(pointwise(out, out, names[2]));
  return branch;
}

ModulePtr v2_down_block(int64_t in, int64_t out, const V2Names& names) {
  auto left = std::make_unique<Sequential>();
  left->splice(depthwise(in, 2, names.left[0]));
  left->splice(pointwise(in, out / 2, names.left[1]));
  return std::make_unique<Concat>(pair(std::move(left), v2_branch(in, out / 2, 2, names.right)), Activation::relu, 2);
}

ModulePtr v2_block(int64_t channels, const V2Names& names) {
  const int64_t half = channels / 2;
  auto right = std::make_unique<Sequential>();
  right->emplace<SliceChannels>(half, channels);
  right->splice(v2_branch(half, half, 1, names.same));
  return std::make_unique<Concat>(pair(std::make_unique<SliceChannels>(0, half), std::move(right)), Activation::relu,
                                  2);
}

ModulePtr build_v2(bool imagenet, const ModelOptions& options) {
  const V2Names& names = imagenet ? kTorchvisionNames : kRepDistillerNames;
  auto net = std::make_unique<Sequential>();
  net->splice(tapped(
      conv_norm(options.image[2], 24, {.kernel = imagenet ? 3 : 1, .stride = imagenet ? 2 : 1, .torch_initial = true},
                imagenet ? Names{"conv1.0", "conv1.1"} : Names{"conv1", "bn1"}),
      "stem"));
  if (imagenet) net->emplace<Pool2d>(PoolKind::max, PoolGeometry{.kernel = 3, .stride = 2, .padding = 1});
  int64_t in = 24, width = 116;
  int number = 1;
  for (const int blocks : {4, 8, 4}) {
    auto stage = std::make_unique<Sequential>();
    stage->add(v2_down_block(in, width, names));
    for (int block = 1; block < blocks; ++block) stage->add(v2_block(width, names));
    net->add(tapped(std::move(stage), fmt::format("stage{}", number)),
             imagenet ? fmt::format("stage{}", number + 1) : fmt::format("layer{}", number));
    in = width;
    width *= 2;
    ++number;
  }
  net->splice(pointwise(in, 1024, imagenet ? Names{"conv5.0", "conv5.1"} : Names{"conv2", "bn2"}));
  add_classifier(*net, options, imagenet ? "fc" : "linear", torch_linear(1024, options.classes));
  return net;
}
}  // namespace

std::vector<ModelFamily> shufflenet_families() {
  const std::string v2_paper =
      "Ma, Zhang, Zheng, Sun, ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design, ECCV 2018";
  return {
      fixed_model({.name = "shufflev1",
                   .summary = "ShuffleNet of three groups for small images",
                   .paper = "Zhang, Zhou, Lin, Sun, ShuffleNet: An Extremely Efficient Convolutional Neural Network "
                            "for Mobile Devices, CVPR 2018",
                   .image = kCifarImage,
                   .classes = 100,
                   .residual = true,
                   .aliases = {"ShuffleV1"}},
                  build_v1),
      fixed_model({.name = "shufflev2",
                   .summary = "ShuffleNetV2 for small images",
                   .paper = v2_paper,
                   .image = kCifarImage,
                   .classes = 100,
                   .aliases = {"ShuffleV2"}},
                  [](const ModelOptions& options) { return build_v2(false, options); }),
      fixed_model({.name = "shufflenet_v2_x1_0",
                   .summary = "ShuffleNetV2 for large images",
                   .paper = v2_paper,
                   .image = kImagenetImage,
                   .classes = 1000},
                  [](const ModelOptions& options) { return build_v2(true, options); })};
}

}  // namespace cucurbit
