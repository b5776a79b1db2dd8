#include "engine/io/checkpoint.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "engine/io/safetensors.h"
#include "engine/runtime/stream.h"
#include "kernels/error.h"

namespace cucurbit {

namespace {
constexpr const char* kInfoKey = "cucurbit.model";

std::vector<NamedTensor> saved_tensors(const Network& network) {
  std::vector<NamedTensor> all;
  for (const auto& [name, parameter] : network.state().parameters) all.push_back({name, parameter->master});
  for (const auto& [name, buffer] : network.state().buffers) all.push_back({name, buffer->value});
  return all;
}

std::string info_text(const Network& network, const CheckpointInfo& info) {
  return nlohmann::json{
      {"model", info.model},         {"image", info.image.dims()},      {"drop", info.drop},
      {"classes", info.class_names}, {"mean", info.normalization.mean}, {"stddev", info.normalization.stddev},
      {"epochs", info.epochs},       {"seconds", info.seconds},         {"parameters", network.parameter_count()}}
      .dump();
}

CheckpointInfo parse_info(const SafetensorsFile& file) {
  const auto found = file.metadata().find(kInfoKey);
  if (found == file.metadata().end())
    throw Error(ErrorKind::input,
                fmt::format("[checkpoint] {}: the file has no description of its model ({}): expected a checkpoint "
                            "written by cucurbit",
                            file.path().string(), kInfoKey));
  try {
    const auto json = nlohmann::json::parse(found->second);
    CheckpointInfo info;
    info.model = json.at("model");
    info.image = Shape(std::vector<int64_t>(json.at("image")));
    info.drop = json.at("drop");
    info.class_names = json.at("classes");
    info.normalization.mean = json.at("mean").get<std::vector<double>>();
    info.normalization.stddev = json.at("stddev").get<std::vector<double>>();
    info.epochs = json.at("epochs");
    info.seconds = json.at("seconds");
    info.parameters = json.at("parameters");
    return info;
  } catch (const nlohmann::json::exception& broken) {
    throw Error(ErrorKind::input, fmt::format("[checkpoint] {}: the description of its model is damaged: {}",
                                              file.path().string(), broken.what()));
  }
}

void expect_same_names(const SafetensorsFile& file, const std::vector<NamedTensor>& expected) {
  std::set<std::string> names;
  for (const NamedTensor& item : expected) names.insert(item.name);
  for (const TensorView& view : file.tensors())
    if (!names.contains(view.name) && !view.name.starts_with(kTrainingPrefix))
      throw Error(ErrorKind::input,
                  fmt::format("[checkpoint] {}: there is a tensor '{}', which the model does not have: use the "
                              "model from which it was saved",
                              file.path().string(), view.name));
}

void expect_fits(const SafetensorsFile& file, const NamedTensor& item) {
  const TensorView& view = file.at(item.name);
  if (view.shape != item.tensor.shape().dims() || view.dtype != item.tensor.dtype())
    throw Error(ErrorKind::input,
                fmt::format("[checkpoint] {}: '{}' is {} {}, the model needs {}: use the model from which it was saved",
                            file.path().string(), item.name, name(view.dtype), to_string(Shape(view.shape)),
                            describe(item.tensor)));
}
}  // namespace

void write_tensors(const std::filesystem::path& path, const std::vector<NamedTensor>& items, const Metadata& metadata) {
  std::vector<std::vector<std::byte>> host;
  std::vector<TensorView> views;
  for (const auto& [name, tensor] : items) {
    host.emplace_back(tensor.bytes());
    tensor.copy_to_host(host.back().data(), host.back().size());
    views.push_back({name, tensor.dtype(), tensor.shape().dims(), host.back()});
  }
  write_safetensors(path, views, metadata);
}

void fill_tensors(const SafetensorsFile& file, const std::vector<NamedTensor>& items) {
  expect_same_names(file, items);
  for (const NamedTensor& item : items) expect_fits(file, item);  // all of them, before the first write
  for (const NamedTensor& item : items) {
    const TensorView& view = file.at(item.name);
    item.tensor.copy_from_host(view.data.data(), view.data.size());
  }
}

Metadata checkpoint_metadata(const Network& network, const CheckpointInfo& info) {
  return {{kInfoKey, info_text(network, info)}};
}

void save_checkpoint(const std::filesystem::path& path, const Network& network, const CheckpointInfo& info) {
  write_tensors(path, saved_tensors(network), checkpoint_metadata(network, info));
}

CheckpointInfo read_checkpoint_info(const std::filesystem::path& path) {
  return parse_info(SafetensorsFile::read(path));
}

void load_checkpoint(const std::filesystem::path& path, Network& network) {
  fill_tensors(SafetensorsFile::read(path), saved_tensors(network));
  network.store().refresh_low_precision_copy();
}

}  // namespace cucurbit
