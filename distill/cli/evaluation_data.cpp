#include "distill/cli/evaluation_data.h"

#include <fmt/format.h>

#include "distill/cli/data.h"
#include "distill/cli/validators.h"
#include "engine/io/join.h"
#include "engine/io/state_dict.h"
#include "kernels/error.h"
#include "models/registry.h"

namespace cucurbit::cli {

namespace fs = std::filesystem;

namespace {
ImageSet take_split(const EvaluationFlags& flags, ImageSplits& splits) {
  if (flags.split == "train") return std::move(splits.train);
  std::optional<ImageSet>& chosen = flags.split == "val" ? splits.validation : splits.test;
  if (!chosen)
    throw Error(ErrorKind::input, fmt::format("[data] {}: has no {}: use --split train", flags.data,
                                              flags.split == "val" ? "folder val" : "test set"));
  return std::move(*chosen);
}

/// The images that `flags` name, where they have no classes; else nothing. Throws Error usage where only some have
/// none.
std::vector<fs::path> unlabelled_images(const EvaluationFlags& flags) {
  if (!flags.takes_images) return {};
  std::vector<fs::path> paths{find_data(flags.data)};
  for (const std::string& name : flags.more) paths.emplace_back(find_data(name));
  for (const fs::path& path : paths) {
    if (find_source(path).reader->kind == DataKind::images) continue;
    if (paths.size() == 1) return {};
    throw Error(ErrorKind::usage,
                fmt::format("[predict] {}: no image or folder of images alone: a data set must be the only one named",
                            path.string()));
  }
  return paths;
}

void expect_fits(const EvaluationFlags& flags, const ImageSet& set, const CheckpointInfo& info) {
  const Shape images{set.height, set.width, set.channels};
  const bool resizable = images[2] == info.image[2] && info.image[0] == info.image[1];
  if (images != info.image)
    throw Error(ErrorKind::input, fmt::format("[data] {}: images {}, the network was trained on {}: use the set it was "
                                              "trained on{}",
                                              flags.data, to_string(images), to_string(info.image),
                                              resizable ? fmt::format(", or --img-size {}", info.image[0]) : ""));
  if (set.class_names != info.class_names)
    throw Error(ErrorKind::input, fmt::format("[data] {}: classes {}, the network knows {}: they must be the "
                                              "same: name the folders so, or give weights trained on these",
                                              flags.data, join(set.class_names, ","), join(info.class_names, ",")));
}

ChannelStatistics normalization_of(const EvaluationFlags& flags, const ImageSet& train) {
  ChannelStatistics statistics = channel_statistics(train);
  for (const auto& [given, value, name] :
       {std::tuple{&flags.mean, &statistics.mean, "--mean"}, std::tuple{&flags.std, &statistics.stddev, "--std"}}) {
    if (given->empty()) continue;
    if (given->size() != value->size())
      throw Error(ErrorKind::usage, fmt::format("[data] {} has {} values, the images {} channels: give one for each",
                                                name, given->size(), value->size()));
    *value = *given;
  }
  return statistics;
}

/// Classes, image size and normalisation are those of the data: a state dict does not tell.
LoadedNetwork load_pretrained(const EvaluationFlags& flags, const ImageSet& train) {
  if (flags.model.empty())
    throw Error(ErrorKind::usage, "[eval] --pretrained-path needs --model: a state dict does not name its model");
  CheckpointInfo info{.model = flags.model,
                      .image = {train.height, train.width, train.channels},
                      .class_names = train.class_names,
                      .normalization = normalization_of(flags, train)};
  const auto classes = int64_t(train.class_names.size());
  Network network(flags.model, build_model(flags.model, {.image = info.image, .classes = classes}), info.image, classes,
                  DType::f32, 0);
  const std::vector<std::string> left = load_state_dict(flags.pretrained_path, network);
  if (!left.empty())
    throw Error(ErrorKind::input, fmt::format("[state_dict] {}: '{}' is not for the {} classes of {}",
                                              flags.pretrained_path, left[0], classes, flags.data));
  return {std::move(info), std::move(network)};
}
}  // namespace

void add_evaluation_flags(CLI::App& app, EvaluationFlags& flags) {
  const std::string group = "Weights of PyTorch";
  app.add_option("weights", flags.weights, "a .safetensors file of train or distill; not with --pretrained-path");
  add_data_flags(app, flags);
  app.add_option("--split", flags.split, "test, train, or val of an image folder")
      ->check(CLI::IsMember({"test", "train", "val"}))
      ->capture_default_str();
  add_math_flag(app, flags.math);
  app.add_option("--pretrained-path", flags.pretrained_path, "a state dict (.safetensors) with the model's names")
      ->group(group);
  app.add_option("--model", flags.model, "its model, see `cucurbit models`")->group(group);
  app.add_option("--mean", flags.mean, "of each channel, of values from 0 to 1; else the training set's")
      ->delimiter(',')
      ->group(group);
  app.add_option("--std", flags.std, "standard deviation of each channel, likewise")
      ->delimiter(',')
      ->check(kPositive)
      ->group(group);
}

EvaluationRun prepare_evaluation(EvaluationFlags flags) {
  const bool pretrained = !flags.pretrained_path.empty();
  if (pretrained && !flags.weights.empty()) flags.data = flags.weights;  // the first word without an option's name
  if (!pretrained && flags.weights.empty())
    throw Error(ErrorKind::usage, "[eval] no weights: give a file of train or distill, or --pretrained-path");
  if (pretrained) {
    if (!unlabelled_images(flags).empty())
      throw Error(ErrorKind::usage,
                  fmt::format("[predict] {}: neither images nor a state dict tell the classes: give a data set, or "
                              "weights of train or distill",
                              flags.data));
    ImageSplits splits = load_data(flags);
    LoadedNetwork loaded = load_pretrained(flags, splits.train);
    return {std::move(loaded), take_split(flags, splits)};
  }
  const std::vector<fs::path> images = unlabelled_images(flags);
  LoadedNetwork loaded = load_network(flags.weights, DType::f32);
  const int64_t side = loaded.info.image[0] == loaded.info.image[1] ? loaded.info.image[0] : 0;
  if (!images.empty()) {
    LoadOptions options = flags.load_options();
    if (options.img_size == 0) options.img_size = side;
    ImageSet set = load_unlabelled_images(images, loaded.info.image[2], options).images;
    set.class_names = loaded.info.class_names;
    expect_fits(flags, set, loaded.info);
    return {std::move(loaded), std::move(set), /*labelled=*/false};
  }
  ImageSplits splits = load_data(flags, side);
  ImageSet set = take_split(flags, splits);
  expect_fits(flags, set, loaded.info);
  return {std::move(loaded), std::move(set)};
}

}  // namespace cucurbit::cli
