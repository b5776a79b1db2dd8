#include "models/resnet.h"

#include "models/blocks.h"

namespace cucurbit {

namespace {
ModulePtr basic_block(int64_t in, int64_t out, int stride) {
  ModulePtr shortcut;
  if (stride != 1 || in != out)
    shortcut = conv_norm(in, out, {.kernel = 1, .stride = stride, .activation = Activation::identity}, {"0", "1"});
  return std::make_unique<Residual>(conv_norm(in, out, {.stride = stride}, {"conv1", "bn1"}),
                                    conv_norm(out, out, {}, {"conv2", "bn2"}), std::move(shortcut));
}
}  // namespace

ModulePtr build_cifar_resnet(const CifarResnet& net, const ModelOptions& options) {
  auto made = std::make_unique<Sequential>();
  made->splice(conv_norm(options.image[2], net.widths[0], {}, {"conv1", "bn1"}));
  int64_t in = net.widths[0];
  for (size_t stage = 1; stage < net.widths.size(); ++stage) {
    auto blocks = std::make_unique<Sequential>();
    for (int block = 0; block < (net.depth - 2) / 6; ++block) {
      blocks->add(basic_block(in, net.widths[stage], stage > 1 && block == 0 ? 2 : 1));
      in = net.widths[stage];
    }
    made->add(std::move(blocks), "layer" + std::to_string(stage));
  }
  add_classifier(*made, options, "fc", torch_linear(in, options.classes));
  return made;
}

}  // namespace cucurbit
