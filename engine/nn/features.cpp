#include "engine/nn/features.h"

#include <fmt/format.h>

#include <algorithm>

#include "kernels/error.h"

namespace cucurbit {

Features::Features(const std::vector<std::string>& wanted) {
  for (const std::string& name : wanted)
    if (!wants(name)) entries_.push_back({name, {}});
}

bool Features::wants(std::string_view name) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.name == name; });
}

void Features::record(std::string_view name, const Tensor& value) {
  for (Entry& entry : entries_)
    if (entry.name == name) entry.value = value;
}

const Tensor& Features::at(std::string_view name) const {
  for (const Entry& entry : entries_)
    if (entry.name == name && entry.value) return entry.value;
  throw Error(ErrorKind::bug,
              fmt::format("[features] '{}' was not recorded: request it before the forward pass", name));
}

void Features::clear() {
  for (Entry& entry : entries_) entry.value = {};
}

}  // namespace cucurbit
