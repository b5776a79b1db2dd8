// Gathering batches from a set on the device, in images per second and as a share of the bandwidth of a copy.
#include <fmt/format.h>

#include <array>

#include "bench/support/main.h"
#include "bench/support/measure.h"
#include "engine/data/device_set.h"
#include "engine/profile/limits.h"
#include "kernels/step.h"

namespace {
using namespace cucurbit;
using namespace cucurbit::bench;

constexpr int64_t kImages = 20000;

ImageSet images(int64_t side, int64_t channels) {
  ImageSet set{.name = "bench",
               .count = kImages,
               .height = side,
               .width = side,
               .channels = channels,
               .labels = std::vector<int32_t>(size_t(kImages)),
               .class_names = {"0"}};
  std::vector<uint8_t> pixels(size_t(kImages * side * side * channels));
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = uint8_t(i * 2654435761u >> 13);
  set.own(std::move(pixels));
  return set;
}

void run(benchmark::State& state, const DeviceSet& data, int64_t batch, DType dtype, const Augmentation& augmentation,
         double copy_limit) {
  const Tensor steps = bytes_on_device(std::span<const StepState>(std::array{StepState{.seed = 1}}));
  auto* at = reinterpret_cast<StepState*>(steps.raw());
  const double bytes = double(batch * data.image_shape().size()) * double(1 + size_of(dtype));
  measure(state, {.bytes = bytes, .items = double(batch)}, [&] {
    data.training_batch(batch, at, augmentation, dtype);
    kernels::advance(at, kImages / batch, stream());  // different images every time, so that they are not in the cache
  });
  state.counters["of_copy"] =
      benchmark::Counter(bytes * 1e-9 / copy_limit, benchmark::Counter::kIsIterationInvariantRate);
}

void add_all() {
  static const double copy_limit = measure_limits().bandwidth * 1e-9;
  static const DeviceSet mnist(images(28, 1), {{0.1307}, {0.3081}});
  static const DeviceSet cifar(images(32, 3), {{0.49, 0.48, 0.45}, {0.25, 0.24, 0.26}});
  benchmark::AddCustomContext("copy_GB_s", fmt::format("{:.1f}", copy_limit));
  const std::pair<const char*, Augmentation> augmentations[] = {
      {"none", {}},
      {"shift", {.max_shift = 2}},
      {"shift_flip", {.max_shift = 4, .flip = Flip::random}},
      {"crop_flip_cutout",
       {.max_shift = 4, .border = Border::reflect, .flip = Flip::alternating, .cutout = {.size = 8}}},
      {"color_jitter", {.flip = Flip::random, .color_jitter = {0.4f, 0.4f, 0.4f, 0.1f}}},
      {"rand_augment", {.flip = Flip::random, .rand_augment = {.operations = 2}}}};
  for (const auto& [shape, data] : {std::pair("28x28x1", &mnist), {"32x32x3", &cifar}})
    for (const DType dtype : {DType::f32, DType::bf16})
      for (const int64_t batch : {128, 1024})
        for (const auto& [label, augmentation] : augmentations)
          add_benchmark(fmt::format("gather/{}/{}/{}/{}", shape, name(dtype), batch, label),
                        [=, data = data, augmentation = augmentation](benchmark::State& state) {
                          run(state, *data, batch, dtype, augmentation, copy_limit);
                        });
}
}  // namespace

int main(int argc, char** argv) { return run_benchmarks(argc, argv, add_all); }
