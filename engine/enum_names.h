#pragma once

// Names of enumerations, each stated once, beside the enumeration:
//
//   enum class Math { vendor, own };
//   constexpr auto names_of(Math) { return enum_names<Math>({{Math::vendor, "vendor"}, {Math::own, "own"}}); }
//
// Options, files and messages take the names from there.

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cucurbit {

template <class E>
struct EnumName {
  E value;
  std::string_view name;
};

template <class E, size_t N>
constexpr std::array<EnumName<E>, N> enum_names(const EnumName<E> (&names)[N]) {
  return std::to_array(names);
}

/// The name of `value`, which must be in the table.
template <class E>
std::string name_of(E value) {
  for (const EnumName<E>& entry : names_of(E{}))
    if (entry.value == value) return std::string(entry.name);
  return {};
}

/// Sets `value` to the enumerator called `name`. Returns false and leaves `value` unchanged if there is none.
template <class E>
bool set_by_name(E& value, std::string_view name) {
  for (const EnumName<E>& entry : names_of(E{}))
    if (entry.name == name) {
      value = entry.value;
      return true;
    }
  return false;
}

/// All names, in the order of the table.
template <class E>
std::vector<std::string> all_names() {
  std::vector<std::string> names;
  for (const EnumName<E>& entry : names_of(E{})) names.emplace_back(entry.name);
  return names;
}

}  // namespace cucurbit
