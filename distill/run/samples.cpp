#include "distill/run/samples.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "distill/run/csv.h"
#include "distill/run/predictions.h"
#include "engine/data/contact_sheet.h"
#include "engine/io/atomic_file.h"

namespace cucurbit {

namespace {
constexpr int64_t kMostShown = 40;

/// The first `count` images of a batch in f32 as bytes: 255 (x stddev + mean), rounded and cut to 0 .. 255.
std::vector<uint8_t> bytes_of(const Tensor& images, int64_t count, const ChannelStatistics& normalization) {
  const std::vector<float> values = images.slice(0, count).to_host<float>();
  const size_t channels = normalization.mean.size();
  std::vector<uint8_t> bytes(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    const double stddev = normalization.stddev[i % channels];
    const double pixel = double(values[i]) * (stddev > 0 ? stddev : 1) + normalization.mean[i % channels];
    bytes[i] = uint8_t(std::clamp(std::nearbyint(255 * pixel), 0.0, 255.0));
  }
  return bytes;
}

ImageSet picture_set(const Shape& image, std::vector<uint8_t> bytes) {
  ImageSet set{.height = image[0], .width = image[1], .channels = image[2]};
  set.count = int64_t(bytes.size()) / image.size();
  set.own(std::move(bytes));
  return set;
}

/// The class of each image; of mixed ones both, with their shares.
std::vector<std::vector<std::string>> labels_of(const Batch& batch, const std::vector<std::string>& names) {
  const std::vector<int32_t> labels = batch.labels.to_host<int32_t>();
  std::vector<int32_t> second = labels;
  float weight = 1;
  if (batch.second) {
    second = batch.second.labels.to_host<int32_t>();
    weight = batch.second.weight.to_host<float>()[0];
  }
  std::vector<std::vector<std::string>> captions;
  for (size_t i = 0; i < labels.size(); ++i) {
    const std::string &own = names[size_t(labels[i])], &other = names[size_t(second[i])];
    if (weight < 1 && labels[i] != second[i])
      captions.push_back(
          {fmt::format("{:.0f}% {}", 100 * weight, own), fmt::format("{:.0f}% {}", 100 * (1 - weight), other)});
    else
      captions.push_back({own});
  }
  return captions;
}

struct Mistake {
  int64_t sample;
  int32_t label;
  Prediction prediction;
};

/// The most confident first; of equally confident ones the first.
std::vector<Mistake> mistakes_of(Network& network, const DeviceSet& data, const EvaluationOptions& options) {
  const std::vector<Prediction> predictions =
      predictions_of(logits_of(network, data, options).to_host<float>(), size_t(network.classes()));
  const std::vector<int32_t> labels = data.labels().to_host<int32_t>();
  std::vector<Mistake> mistakes;
  for (size_t i = 0; i < labels.size(); ++i)
    if (predictions[i].label != labels[i]) mistakes.push_back({int64_t(i), labels[i], predictions[i]});
  std::stable_sort(mistakes.begin(), mistakes.end(), [](const Mistake& a, const Mistake& b) {
    return a.prediction.probability > b.prediction.probability;
  });
  mistakes.resize(std::min(mistakes.size(), size_t(kMostShown)));
  return mistakes;
}
}  // namespace

void write_first_batch(const std::filesystem::path& png, const RunData& data, const TrainOptions& options) {
  const StepState first{.seed = options.seed};
  const Tensor state = bytes_on_device(std::span<const StepState>(&first, 1));
  data.train.prepare(first, options.batch_size, options.grad_accum_steps);
  const Batch batch = data.train.training_batch(options.batch_size, reinterpret_cast<const StepState*>(state.raw()),
                                                options.augmentation, DType::f32);
  const int64_t shown = std::min(options.batch_size, kMostShown);
  write_image_grid(png, picture_set(data.train.image_shape(), bytes_of(batch.images, shown, data.normalization)),
                   labels_of(batch, data.class_names));
  data.train.take_waited();  // which was not training
}

void write_mistakes(const std::filesystem::path& png, const std::filesystem::path& csv, Network& network,
                    const RunData& data, const EvaluationOptions& options) {
  const DeviceSet& set = *data.validation;
  std::vector<uint8_t> images;
  std::vector<std::vector<std::string>> captions;
  std::string rows = "position,sample,true,predicted,probability\n";
  for (const Mistake& mistake : mistakes_of(network, set, options)) {
    const Batch batch = set.range(mistake.sample, mistake.sample + 1, DType::f32);
    const std::vector<uint8_t> bytes = bytes_of(batch.images, 1, data.normalization);
    images.insert(images.end(), bytes.begin(), bytes.end());
    const std::string &actual = data.class_names[size_t(mistake.label)],
                      &predicted = data.class_names[size_t(mistake.prediction.label)];
    captions.push_back({"true: " + actual, "pred: " + predicted});
    const auto& paths = data.validation_paths;
    const std::string sample = paths.empty() ? std::to_string(mistake.sample) : paths[size_t(mistake.sample)];
    rows += fmt::format("{},{},{},{},{:.6f}\n", captions.size(), csv_field(sample), csv_field(actual),
                        csv_field(predicted), mistake.prediction.probability);
  }
  write_file_atomically(csv, rows);
  if (!captions.empty()) write_image_grid(png, picture_set(set.image_shape(), std::move(images)), captions);
}

}  // namespace cucurbit
