#include "bench/support/training_step.h"

#include <cmath>

#include "bench/support/hash_values.h"
#include "distill/modes/registry.h"
#include "models/registry.h"

namespace cucurbit::bench {

namespace {
constexpr int64_t kBatch = 128, kClasses = 10;
constexpr float kLearningRate = 1e-3f;
const LossWeights kWeights{.task = 0.1, .distill = 0.9};

/// The values of a parameter that follows the weight of layer `layer`: a bias or, after a convolution, gamma (`second`
/// false) or beta.
std::vector<float> vector_values(int64_t size, uint32_t layer, bool convolution, bool second) {
  if (!convolution) return hash_values(size, 4 * layer + 1, 0.05);
  return second ? hash_values(size, 4 * layer + 2, 0.1) : hash_values(size, 4 * layer + 1, 0.1, 1);
}

void load_hashed_weights(ParameterStore& store) {
  uint32_t layer = 0, vectors = 0;
  bool convolution = false;
  for (const auto& [name, parameter] : store.state().parameters) {
    const Shape& shape = parameter->shape;
    std::vector<float> values;
    if (shape.rank() > 1) {
      layer += parameter != store.state().parameters.front().item;
      convolution = shape.rank() == 4;
      vectors = 0;
      values = hash_values(shape.size(), 4 * layer, std::sqrt(6.0 / double(shape.size() / shape[0])));
    } else {
      values = vector_values(shape.size(), layer, convolution, vectors++ > 0);
    }
    parameter->master.copy_from_host(values.data(), values.size() * sizeof(float));
  }
  store.refresh_low_precision_copy();
}

Network make_network(const std::string& name, DType compute) {
  const bool small = name == "mlp" || name == "convnet";
  const std::string model = name == "mlp" ? "mlp:1200x1200" : name == "mobilenetv2" ? "mobilenetv2-half" : name;
  const Shape image = small ? Shape{28, 28, 1} : Shape{32, 32, 3};
  Network network(name, build_model(model, {.image = image, .classes = kClasses}), image, kClasses, compute, 0);
  load_hashed_weights(network.store());
  return network;
}

std::vector<uint8_t> hash_pixels(int64_t count) {
  std::vector<uint8_t> pixels(size_t(count), 0);
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = uint8_t(hash_bits(uint32_t(i), 100) >> 24);
  return pixels;
}

DeviceSet one_batch(const Shape& image) {
  ImageSet set{.count = kBatch, .height = image[0], .width = image[1], .channels = image[2]};
  set.own(hash_pixels(kBatch * image.size()));
  set.labels = hash_labels(kBatch, kClasses);
  const auto channels = size_t(image[2]);
  return DeviceSet(set, {std::vector(channels, 0.5), std::vector(channels, 0.25)});
}
}  // namespace

TrainingStep::TrainingStep(const std::string& network, DType compute, const Options& options) {
  const size_t dash = network.find('-');
  network_ = std::make_unique<Network>(make_network(network.substr(dash + 1), compute));
  data_ = std::make_unique<DeviceSet>(one_batch(network_->input()));
  TrainOptions training{.batch_size = kBatch, .graph = options.graph};
  if (options.augmented) training.augmentation = {.max_shift = 4, .flip = Flip::random};
  training.optimizer.momentum = 0.9;
  training.learning_rates = {kLearningRate};
  if (dash != std::string::npos) {
    teacher_network_ = std::make_unique<FrozenNetwork>(make_network(network.substr(0, dash), compute));
    teacher_ = std::make_unique<Teacher>(*teacher_network_, *data_, kClasses, training.augmentation);
  }
  const ModeInputs inputs{.student = *network_,
                          .data = *data_,
                          .options = training,
                          .teacher = teacher_.get(),
                          .method = {.name = teacher_ ? "kd" : "ce", .knobs = {}},
                          .weights = kWeights};
  trainer_ = std::make_unique<Trainer>(make_step(teacher_ ? "offline" : "labels", inputs), training);
}

}  // namespace cucurbit::bench
