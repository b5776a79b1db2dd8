#include "distill/run/evaluation.h"

#include <fmt/format.h>

#include "engine/io/join.h"
#include "engine/io/state_dict.h"
#include "kernels/error.h"
#include "models/registry.h"

namespace cucurbit {

namespace fs = std::filesystem;

namespace {
ImageSet take_split(const EvaluationSpec& spec, ImageSplits& splits) {
  if (spec.split == Split::train) return std::move(splits.train);
  std::optional<ImageSet>& chosen = spec.split == Split::validation ? splits.validation : splits.test;
  if (!chosen)
    throw Error(ErrorKind::input, fmt::format("[data] {}: has no {}: use `split` train", spec.data.data,
                                              spec.split == Split::validation ? "folder val" : "test set"));
  return std::move(*chosen);
}

/// The images that `spec` names, where they have no classes; else nothing. Throws Error usage where only some have
/// none.
std::vector<fs::path> unlabelled_images(const EvaluationSpec& spec) {
  if (!spec.accepts_unlabelled) return {};
  std::vector<fs::path> paths{find_data(spec.data.data)};
  for (const std::string& name : spec.more) paths.emplace_back(find_data(name));
  for (const fs::path& path : paths) {
    if (find_source(path).reader->kind == DataKind::images) continue;
    if (paths.size() == 1) return {};
    throw Error(
        ErrorKind::usage,
        fmt::format("[predict] {}: not an image, nor a folder of images alone: a data set must be the only one named",
                    path.string()));
  }
  return paths;
}

void expect_fits(const EvaluationSpec& spec, const ImageSet& set, const CheckpointInfo& info) {
  const Shape images{set.height, set.width, set.channels};
  const bool resizable = images[2] == info.image[2] && info.image[0] == info.image[1];
  if (images != info.image)
    throw Error(ErrorKind::input, fmt::format("[data] {}: images {}, the network was trained on {}: use the set it was "
                                              "trained on{}",
                                              spec.data.data, to_string(images), to_string(info.image),
                                              resizable ? fmt::format(", or `img_size` {}", info.image[0]) : ""));
  if (set.class_names != info.class_names)
    throw Error(ErrorKind::input, fmt::format("[data] {}: classes {}, the network knows {}: they must be the "
                                              "same: name the folders so, or give weights trained on these",
                                              spec.data.data, join(set.class_names, ","), join(info.class_names, ",")));
}

ChannelStatistics normalization_of(const EvaluationSpec& spec, const ImageSet& train) {
  ChannelStatistics statistics = channel_statistics(train);
  for (const auto& [given, value, name] :
       {std::tuple{&spec.mean, &statistics.mean, "mean"}, std::tuple{&spec.std, &statistics.stddev, "std"}}) {
    if (given->empty()) continue;
    if (given->size() != value->size())
      throw Error(
          ErrorKind::usage,
          fmt::format("[data] `{}` has {} values, and the images have {} channels: give a value for each channel", name,
                      given->size(), value->size()));
    *value = *given;
  }
  return statistics;
}

/// Classes, image size and normalisation are those of the data: a state dict does not tell.
LoadedNetwork load_pretrained(const EvaluationSpec& spec, const ImageSet& train) {
  if (spec.model.empty())
    throw Error(ErrorKind::usage, "[eval] `pretrained_path` needs `model`: a state dict does not name its model");
  CheckpointInfo info{.model = spec.model,
                      .image = {train.height, train.width, train.channels},
                      .class_names = train.class_names,
                      .normalization = normalization_of(spec, train)};
  const auto classes = int64_t(train.class_names.size());
  Network network(spec.model, build_model(spec.model, {.image = info.image, .classes = classes}), info.image, classes,
                  DType::f32, 0);
  const std::vector<std::string> left = load_state_dict(spec.pretrained_path, network);
  if (!left.empty())
    throw Error(ErrorKind::input, fmt::format("[state_dict] {}: '{}' does not fit the {} classes of {}",
                                              spec.pretrained_path, left[0], classes, spec.data.data));
  return {std::move(info), std::move(network)};
}

EvaluationRun prepare_pretrained(const EvaluationSpec& spec, const RunObserver& observer) {
  if (!unlabelled_images(spec).empty())
    throw Error(ErrorKind::usage,
                fmt::format("[predict] {}: neither images nor a state dict tell the classes: give a data set, or "
                            "weights of train or distill",
                            spec.data.data));
  ImageSplits splits = load_data(spec.data, observer);
  LoadedNetwork loaded = load_pretrained(spec, splits.train);
  return {std::move(loaded), take_split(spec, splits)};
}

EvaluationRun prepare_unlabelled(const EvaluationSpec& spec, const std::vector<fs::path>& images, LoadedNetwork loaded,
                                 int64_t side, const RunObserver& observer) {
  LoadOptions options = load_options(spec.data, observer);
  if (options.img_size == 0) options.img_size = side;
  ImageSet set = load_unlabelled_images(images, loaded.info.image[2], options).images;
  set.class_names = loaded.info.class_names;
  expect_fits(spec, set, loaded.info);
  return {std::move(loaded), std::move(set), /*labelled=*/false};
}
}  // namespace

EvaluationRun prepare_evaluation(const EvaluationSpec& spec, const RunObserver& observer) {
  if (!spec.pretrained_path.empty()) return prepare_pretrained(spec, observer);
  if (spec.weights.empty())
    throw Error(ErrorKind::usage, "[eval] no weights: give a file of train or distill, or `pretrained_path`");
  const std::vector<fs::path> images = unlabelled_images(spec);
  LoadedNetwork loaded = load_network(spec.weights, DType::f32);
  const int64_t side = loaded.info.image[0] == loaded.info.image[1] ? loaded.info.image[0] : 0;
  if (!images.empty()) return prepare_unlabelled(spec, images, std::move(loaded), side, observer);
  ImageSplits splits = load_data(spec.data, observer, side);
  ImageSet set = take_split(spec, splits);
  expect_fits(spec, set, loaded.info);
  return {std::move(loaded), std::move(set)};
}

}  // namespace cucurbit
