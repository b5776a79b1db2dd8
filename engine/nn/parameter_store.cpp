#include "engine/nn/parameter_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include "engine/autograd.h"
#include "engine/io/checksum.h"
#include "engine/runtime/check.h"
#include "engine/runtime/stream.h"
#include "kernels/device/philox.cuh"
#include "kernels/elementwise.h"
#include "kernels/error.h"

namespace cucurbit {

namespace {
/// Parameters begin at multiples of this many elements, so that vector accesses are aligned in every type.
constexpr int64_t kAlignment = 64;
constexpr uint32_t kPurposeInitialize = 0x1417;

int64_t aligned(int64_t n) { return (n + kAlignment - 1) / kAlignment * kAlignment; }

Tensor view_of(const Tensor& flat, int64_t offset, const Shape& shape) {
  return flat.slice(offset, offset + shape.size()).reshape(shape);
}

/// Two uniforms in (0, 1) from one Philox draw.
std::array<double, 2> uniforms(uint64_t seed, uint64_t parameter, uint64_t index) {
  const auto bits = philox4x32({uint32_t(index), uint32_t(index >> 32), uint32_t(parameter), kPurposeInitialize},
                               {uint32_t(seed), uint32_t(seed >> 32)});
  const auto unit = [](uint32_t high, uint32_t low) { return (double(high) * 4294967296.0 + low + 0.5) * 0x1p-64; };
  return {unit(bits[0], bits[1]), unit(bits[2], bits[3])};
}

/// An element of a Dirac filter [K, R, S, C]: for k < C, 1 at the centre of channel k and 0 elsewhere; nothing for the
/// other filters, which are drawn at random.
std::optional<double> dirac(const Shape& filter, int64_t index) {
  const int64_t R = filter[1], S = filter[2], C = filter[3];
  const int64_t k = index / (R * S * C), r = index / (S * C) % R, s = index / C % S, c = index % C;
  if (k >= C) return std::nullopt;
  return k == c && r == R / 2 && s == S / 2 ? 1 : 0;
}

double draw(const Parameter& drawn, uint64_t seed, uint64_t parameter, uint64_t index) {
  const Initializer& initializer = drawn.initializer;
  if (initializer.kind == Initializer::Kind::constant) return initializer.value;
  if (initializer.kind == Initializer::Kind::dirac)
    if (const auto fixed = dirac(drawn.shape, int64_t(index))) return *fixed;
  const auto [a, b] = uniforms(seed, parameter, index);
  if (initializer.kind != Initializer::Kind::normal) return initializer.value * (2 * a - 1);
  return initializer.value * std::sqrt(-2 * std::log(a)) * std::cos(2 * std::numbers::pi * b);  // Box-Muller
}

/// The key of the random numbers: the seed itself for the empty role, otherwise a hash of seed and role (FNV-1a).
uint64_t key_of(const InitialValues& initial) {
  if (initial.role.empty()) return initial.seed;
  uint64_t key = initial.seed ^ 0xcbf29ce484222325;
  for (const char letter : initial.role) key = (key ^ uint8_t(letter)) * 0x100000001b3;
  return key;
}

template <class T>
void upload(const Tensor& flat, const std::vector<double>& values) {
  const std::vector<T> converted(values.begin(), values.end());
  flat.copy_from_host(converted.data(), converted.size() * sizeof(T));
}
}  // namespace

ParameterStore::ParameterStore(Module& module, DType compute, const InitialValues& initial) : compute_(compute) {
  add("", module, initial);
}

void ParameterStore::add(const std::string& prefix, Module& module, const InitialValues& initial) {
  const size_t parameters = state_.parameters.size(), buffers = state_.buffers.size();
  module.list_state(prefix, state_);
  place_parameters();
  initialize(parameters, initial);
  make_chunks();
  make_buffers(buffers);
}

void ParameterStore::make_buffers(size_t first) {
  for (size_t i = first; i < state_.buffers.size(); ++i) {
    Buffer& buffer = *state_.buffers[i].item;
    buffer.value = Tensor::empty(buffer.shape, accumulator_of(compute_));
    dispatch_float(buffer.value.dtype(), "buffer", [&]<class T>(Type<T>) {
      kernels::fill(buffer.value.data<T>(), buffer.value.size(), buffer.initial, stream());
    });
  }
}

/// Lays all parameters out in new memory; those that already had memory keep their values.
void ParameterStore::place_parameters() {
  const Tensor before = masters_;
  int64_t end = before ? before.size() : 0;
  for (size_t i = offsets_.size(); i < state_.parameters.size(); ++i) {
    const Parameter& parameter = *state_.parameters[i].item;
    offsets_.push_back(end);
    end += aligned(parameter.shape.size());
  }
  masters_ = Tensor::zeros({end}, accumulator_of(compute_));
  gradients_ = Tensor::zeros({end}, accumulator_of(compute_));
  if (compute_ == DType::bf16) low_precision_copy_ = Tensor::zeros({end}, DType::bf16);
  if (before && before.size() > 0)
    check_cuda(cudaMemcpyAsync(masters_.raw(), before.raw(), before.bytes(), cudaMemcpyDeviceToDevice, stream()),
               "parameters");
  for (size_t i = 0; i < offsets_.size(); ++i) {
    Parameter& parameter = *state_.parameters[i].item;
    parameter.master = view_of(masters_, offsets_[i], parameter.shape);
    parameter.value = low_precision_copy_ && parameter.is_weight
                          ? view_of(low_precision_copy_, offsets_[i], parameter.shape)
                          : parameter.master;
    auto gradient = std::make_shared<Gradient>();
    gradient->value = view_of(gradients_, offsets_[i], parameter.shape);
    gradient->pinned = true;
    parameter.value.set_gradient(std::move(gradient));
  }
}

/// Draws the values of the parameters from index `first` on; for the random numbers, `first` counts as parameter 0.
void ParameterStore::initialize(size_t first, const InitialValues& initial) {
  const uint64_t key = key_of(initial);
  for (size_t i = first; i < offsets_.size(); ++i) {
    const Parameter& parameter = *state_.parameters[i].item;
    std::vector<double> values(size_t(parameter.shape.size()), 0);
    for (size_t j = 0; j < values.size(); ++j) values[j] = draw(parameter, key, i - first, j);
    if (masters_.dtype() == DType::f64)
      upload<double>(parameter.master, values);
    else
      upload<float>(parameter.master, values);
  }
  refresh_low_precision_copy();
}

void ParameterStore::freeze() {
  for (const auto& [name, parameter] : state_.parameters) parameter->value.set_gradient(nullptr);
  gradients_ = {};
}

std::string ParameterStore::digest() const {
  uint64_t sum = 0;
  const auto append = [&](const Tensor& tensor) {
    std::vector<uint8_t> bytes(tensor.bytes());
    tensor.copy_to_host(bytes.data(), bytes.size());
    sum = checksum(bytes, sum);
  };
  append(masters_);
  for (const auto& [name, buffer] : state_.buffers) append(buffer->value);
  return fmt::format("{:016x}", sum);
}

void ParameterStore::make_chunks() {
  std::vector<ParameterChunk> chunks;
  for (size_t i = 0; i < offsets_.size(); ++i)
    append_chunks(chunks, offsets_[i], state_.parameters[i].item->shape.size(), int32_t(i));
  chunks_ = bytes_on_device(std::span<const ParameterChunk>(chunks));
}

void ParameterStore::begin_gradients() {
  if (!gradients_) throw Error(ErrorKind::bug, "[parameters] a frozen network cannot be trained");
  for (const auto& [name, parameter] : state_.parameters) parameter->value.gradient()->started = false;
}

std::vector<std::string> ParameterStore::finish_gradients() {
  std::vector<std::string> untouched;
  for (const auto& [name, parameter] : state_.parameters) {
    Gradient& gradient = *parameter->value.gradient();
    if (gradient.started) continue;
    gradient.value.fill_zero();
    gradient.started = true;
    untouched.push_back(name);
  }
  return untouched;
}

void ParameterStore::refresh_low_precision_copy() {
  if (low_precision_copy_)
    kernels::cast(masters_.data<float>(), low_precision_copy_.data<bf16>(), low_precision_copy_.size(), stream());
}

void ParameterStore::exchange_masters(const Tensor& other) {
  const Tensor spare = Tensor::empty(masters_.shape(), masters_.dtype());
  const auto copy = [](const Tensor& to, const Tensor& from) {
    check_cuda(cudaMemcpyAsync(to.raw(), from.raw(), to.bytes(), cudaMemcpyDeviceToDevice, stream()), "exchange");
  };
  copy(spare, masters_);
  copy(masters_, other);
  copy(other, spare);
  refresh_low_precision_copy();
}

}  // namespace cucurbit
