#include "engine/io/state_dict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "engine/io/join.h"
#include "kernels/error.h"

namespace cucurbit {

namespace {
/// A tensor of the network and its form in PyTorch.
struct Slot {
  std::string name;
  Tensor tensor;
  Shape shape;  // in PyTorch
  Shape krsc;   // ours, as [K, R, S, C], where the order of elements differs; else empty

  /// ours[i] is theirs[torch_index(i)].
  int64_t torch_index(int64_t i) const {
    if (krsc.rank() == 0) return i;
    const int64_t R = krsc[1], S = krsc[2], C = krsc[3];
    const int64_t c = i % C, s = i / C % S, r = i / (S * C) % R, k = i / (R * S * C);
    return ((k * C + c) * R + r) * S + s;
  }
};

Slot slot_of(const std::string& name, const Parameter& parameter) {
  const Shape& shape = parameter.shape;
  if (shape.rank() == 4) return {name, parameter.master, {shape[0], shape[3], shape[1], shape[2]}, shape};
  const Shape& map = parameter.map;
  if (map.rank() == 3) return {name, parameter.master, shape, {shape[0], map[0], map[1], map[2]}};
  return {name, parameter.master, shape, {}};
}

std::vector<Slot> slots_of(const Network& network) {
  std::vector<Slot> slots;
  for (const auto& [name, parameter] : network.state().parameters) slots.push_back(slot_of(name, *parameter));
  for (const auto& [name, buffer] : network.state().buffers) slots.push_back({name, buffer->value, buffer->shape, {}});
  return slots;
}

/// "fc." for a network whose last linear layer is called "fc".
std::string classifier_prefix(const Network& network) {
  std::string prefix;
  for (const auto& [name, parameter] : network.state().parameters)
    if (parameter->shape.rank() == 2) prefix = name.substr(0, name.rfind('.') + 1);
  return prefix;
}

std::map<std::string, const TensorView*> by_name(std::span<const TensorView> tensors) {
  const std::string wrapper = "module.";
  const bool wrapped = std::all_of(tensors.begin(), tensors.end(),
                                   [&](const TensorView& view) { return view.name.starts_with(wrapper); });
  std::map<std::string, const TensorView*> named;
  for (const TensorView& view : tensors)
    if (!view.name.ends_with("num_batches_tracked"))
      named[wrapped ? view.name.substr(wrapper.size()) : view.name] = &view;
  return named;
}

void expect_no_others(const std::map<std::string, const TensorView*>& named, const std::vector<Slot>& slots,
                      const std::string& source) {
  for (const auto& [name, view] : named)
    if (std::none_of(slots.begin(), slots.end(), [&name = name](const Slot& slot) { return slot.name == name; }))
      throw Error(ErrorKind::input,
                  fmt::format("[state_dict] {}: there is a tensor '{}', which the model does not have: choose the "
                              "model to which these weights belong",
                              source, name));
}

bool is_floating(DType dtype) { return dtype == DType::f32 || dtype == DType::bf16 || dtype == DType::f64; }

/// The tensor for `slot`, or null if it is the classifier for other classes. Throws Error input if it does not fit.
const TensorView* fitting(const std::map<std::string, const TensorView*>& named, const Slot& slot,
                          const std::string& classifier, const std::string& source) {
  const auto found = named.find(slot.name);
  if (found == named.end())
    throw Error(
        ErrorKind::input,
        fmt::format("[state_dict] {}: there is no tensor '{}' {}: choose the model to which these weights belong",
                    source, slot.name, to_string(slot.shape)));
  const TensorView& view = *found->second;
  std::vector<int64_t> got = view.shape, expected = slot.shape.dims();
  if (is_floating(view.dtype) && got == expected) return &view;
  const bool last_layer = !classifier.empty() && slot.name.starts_with(classifier);
  if (is_floating(view.dtype) && last_layer && got.size() == expected.size() &&
      std::equal(got.begin() + 1, got.end(), expected.begin() + 1))
    return nullptr;
  throw Error(
      ErrorKind::input,
      fmt::format("[state_dict] {}: '{}' is {} [{}], the model needs f32, bf16 or f64 {}: choose the model to which "
                  "these weights belong",
                  source, slot.name, name(view.dtype), join(got, ","), to_string(slot.shape)));
}

double element(const TensorView& view, int64_t i) {
  const auto read = [&]<class T>(T value) {
    std::memcpy(&value, view.data.data() + size_t(i) * sizeof(T), sizeof(T));
    return value;
  };
  switch (view.dtype) {
    case DType::f64:
      return read(double{});
    case DType::bf16: {
      const uint32_t bits = uint32_t(read(uint16_t{})) << 16;
      float value;
      std::memcpy(&value, &bits, sizeof value);
      return double(value);
    }
    default:
      return double(read(float{}));
  }
}

void fill(const Slot& slot, const TensorView& view) {
  const auto copy = [&]<class T>(Type<T>) {
    std::vector<T> values(size_t(slot.tensor.size()));
    for (size_t i = 0; i < values.size(); ++i) values[i] = T(element(view, slot.torch_index(int64_t(i))));
    slot.tensor.copy_from_host(values.data(), values.size() * sizeof(T));
  };
  if (slot.tensor.dtype() == DType::f64)
    copy(Type<double>{});
  else
    copy(Type<float>{});
}

std::vector<float> torch_values(const Slot& slot) {
  std::vector<float> values(size_t(slot.tensor.size()));
  const auto copy = [&]<class T>(Type<T>) {
    const std::vector<T> ours = slot.tensor.to_host<T>();
    for (size_t i = 0; i < values.size(); ++i) values[slot.torch_index(int64_t(i))] = float(ours[i]);
  };
  if (slot.tensor.dtype() == DType::f64)
    copy(Type<double>{});
  else
    copy(Type<float>{});
  return values;
}
}  // namespace

std::vector<StateDictEntry> state_dict_entries(const Network& network) {
  std::vector<StateDictEntry> entries;
  for (const Slot& slot : slots_of(network)) entries.push_back({slot.name, slot.shape});
  return entries;
}

std::vector<std::string> load_state_dict(std::span<const TensorView> tensors, const std::string& source,
                                         Network& network) {
  const std::vector<Slot> slots = slots_of(network);
  const auto named = by_name(tensors);
  const std::string classifier = classifier_prefix(network);
  expect_no_others(named, slots, source);
  std::vector<const TensorView*> views;  // all of them, before the first write
  std::vector<std::string> left;
  for (const Slot& slot : slots) {
    views.push_back(fitting(named, slot, classifier, source));
    if (!views.back()) left.push_back(slot.name);
  }
  for (size_t i = 0; i < slots.size(); ++i)
    if (views[i] && (left.empty() || !slots[i].name.starts_with(classifier))) fill(slots[i], *views[i]);
  network.store().refresh_low_precision_copy();
  return left;
}

std::vector<std::string> load_state_dict(const std::filesystem::path& path, Network& network) {
  const SafetensorsFile file = SafetensorsFile::read(path);
  return load_state_dict(file.tensors(), path.string(), network);
}

void save_state_dict(const std::filesystem::path& path, const Network& network) {
  const std::vector<Slot> slots = slots_of(network);
  std::vector<std::vector<float>> values;
  std::vector<TensorView> views;
  for (const Slot& slot : slots) {
    values.push_back(torch_values(slot));
    views.push_back({slot.name, DType::f32, slot.shape.dims(), std::as_bytes(std::span(values.back()))});
  }
  write_safetensors(path, views, {{"format", "pt"}});
}

}  // namespace cucurbit
