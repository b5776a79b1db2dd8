// How the cost of a batch grows with its size and with the size of the set, with images on the device or in host
// memory, and how the cost of a whole training step grows with its batch size: the cost per image should stay the same.
#include <fmt/format.h>

#include "bench/support/main.h"
#include "bench/support/measure.h"
#include "engine/data/device_set.h"
#include "engine/ops/cross_entropy.h"
#include "engine/train/supervised.h"
#include "kernels/step.h"
#include "models/registry.h"

namespace {
using namespace cucurbit;
using namespace cucurbit::bench;

constexpr int64_t kSide = 28, kMostImages = 1000000;

/// The first `count` of a million images of 28 x 28 pixels.
ImageSet images(int64_t count) {
  static const ImageSet all = [] {
    ImageSet set{.name = "bench", .count = kMostImages, .height = kSide, .width = kSide, .channels = 1};
    std::vector<uint8_t> bytes(size_t(kMostImages * kSide * kSide));
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = uint8_t(i * 2654435761u >> 13);
    set.own(std::move(bytes));
    return set;
  }();
  ImageSet part = all;
  part.count = count;
  part.images = all.images.first(size_t(count * kSide * kSide));
  part.labels.assign(size_t(count), 0);
  part.class_names = {"0"};
  return part;
}

void count_images(benchmark::State& state, int64_t batch) {
  using benchmark::Counter;
  state.counters["per_image"] = Counter(double(batch), Counter::kIsIterationInvariantRate | Counter::kInvert);
}

void run_batch(benchmark::State& state, int64_t count, int64_t batch, Residency residency) {
  const DeviceSet data(images(count), {{0.5}, {0.25}}, residency);
  StepState at{.seed = 1};
  const Tensor steps = bytes_on_device(std::span<const StepState>(&at, 1));
  auto* device_at = reinterpret_cast<StepState*>(steps.raw());
  const Augmentation augmentation{.max_shift = 2, .flip = Flip::random};
  measure(state, {.items = double(batch)}, [&] {
    data.prepare(at, batch, 1);
    data.training_batch(batch, device_at, augmentation, DType::f32);
    kernels::advance(device_at, count / batch, stream());
    at = at.next(count / batch);
  });
  count_images(state, batch);
}

void run_step(benchmark::State& state, const std::string& model, int64_t batch) {
  const DeviceSet data(images(4096), {{0.5}, {0.25}});
  const ModelOptions options{.image = data.image_shape(), .classes = 10};
  Network network(model, build_model(model, options), options.image, options.classes, DType::f32, 0);
  Trainer trainer =
      supervised_trainer(network, data, {.batch_size = batch, .learning_rates = std::vector<float>(100000, 1e-3f)},
                         [](const Tensor& logits, const Batch& on, Meters& meters) {
                           return cross_entropy(logits, on.labels, {}, meters.counts());
                         });
  for (int i = 0; i < 3; ++i) trainer.step();  // the eager steps and the capture
  measure(state, {.items = double(batch)}, [&] { trainer.step(); });
  count_images(state, batch);
}

void add_all() {
  const auto add = [](int64_t count, int64_t batch, Residency residency) {
    add_benchmark(fmt::format("{}/set_{}/batch_{}", residency == Residency::device ? "device" : "host", count, batch),
                  [=](benchmark::State& state) { run_batch(state, count, batch, residency); });
  };
  for (const Residency residency : {Residency::device, Residency::host}) {
    for (int64_t batch = 32; batch <= 2048; batch *= 2) add(100000, batch, residency);
    for (int64_t count = 1000; count <= kMostImages; count *= 10) add(count, 256, residency);
  }
  for (int64_t batch = 32; batch <= 2048; batch *= 2)
    add_benchmark(fmt::format("step/resnet8/batch_{}", batch),
                  [=](benchmark::State& state) { run_step(state, "resnet8", batch); });
}
}  // namespace

int main(int argc, char** argv) { return run_benchmarks(argc, argv, add_all); }
