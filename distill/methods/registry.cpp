#include "distill/methods/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "distill/methods/ce.h"
#include "distill/methods/kd.h"
#include "engine/io/join.h"
#include "engine/nearest.h"
#include "kernels/error.h"

namespace cucurbit {

namespace {
std::vector<std::string> names_of(const auto& rows) {
  std::vector<std::string> names;
  for (const auto& row : rows) names.emplace_back(row.name);
  return names;
}

const Knob& find_knob(const MethodInfo& method, std::string_view name) {
  for (const Knob& knob : method.knobs)
    if (knob.name == name) return knob;
  const std::vector<std::string> names = names_of(method.knobs);
  throw Error(ErrorKind::usage,
              names.empty() ? fmt::format("[method] {} takes no values, and '{}' is given", method.name, name)
                            : fmt::format("[method] {} has no '{}': did you mean '{}'? It takes: {}", method.name, name,
                                          nearest(std::string(name), names), join(names, ", ")));
}

void expect_valid(const MethodInfo& method, std::string_view name, double value) {
  const Knob& knob = find_knob(method, name);
  if (!knob.valid(value))
    throw Error(ErrorKind::usage,
                fmt::format("[method] {}:{}={}: expected {}", method.name, name, value, knob.expected));
}

/// "temperature=2"
std::pair<std::string, double> parse_knob(std::string_view method, std::string_view text) {
  const size_t equals = text.find('=');
  double value = 0;
  const std::string_view digits = equals == text.npos ? "" : text.substr(equals + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size())
    throw Error(ErrorKind::usage, fmt::format("[method] {}: '{}': expected a name, '=' and a number", method, text));
  return {std::string(text.substr(0, equals)), value};
}
}  // namespace

const std::vector<MethodInfo>& methods() {
  static const std::vector<MethodInfo> kMethods = {kd_method(), ce_method()};
  return kMethods;
}

const MethodInfo& find_method(std::string_view name) {
  for (const MethodInfo& method : methods())
    if (method.name == name) return method;
  const std::vector<std::string> names = names_of(methods());
  throw Error(ErrorKind::usage, fmt::format("[method] '{}' is not known: did you mean '{}'? There are: {}", name,
                                            nearest(std::string(name), names), join(names, ", ")));
}

MethodSpec parse_method(std::string_view text) {
  const size_t colon = text.find(':');
  MethodSpec spec{.name = std::string(text.substr(0, colon)), .knobs = {}};
  const MethodInfo& method = find_method(spec.name);
  for (size_t at = colon; at != text.npos;) {
    const size_t end = text.find(',', at + 1);
    const auto [name, value] = parse_knob(spec.name, text.substr(at + 1, end == text.npos ? end : end - at - 1));
    expect_valid(method, name, value);
    spec.knobs[name] = value;
    at = end;
  }
  return spec;
}

std::unique_ptr<Method> make_method(const MethodSpec& spec, const LossWeights& weights) {
  const MethodInfo& method = find_method(spec.name);
  KnobValues values;
  for (const Knob& knob : method.knobs) values[std::string(knob.name)] = knob.value;
  for (const auto& [name, value] : spec.knobs) {
    expect_valid(method, name, value);
    values[name] = value;
  }
  return method.make(values, weights);
}

}  // namespace cucurbit
