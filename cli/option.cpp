#include "cli/option.h"

#include <fmt/format.h>

#include <cctype>
#include <cstdlib>

namespace cucurbit::cli {

Choice choice(std::string& value, std::vector<std::string> names) {
  return {std::move(names), [&value] { return value; }, [&value](const std::string& name) { value = name; }};
}

std::string describe(const Range& range) {
  if (std::isfinite(range.high)) return fmt::format("from {} to {}", range.low, range.high);
  if (std::isfinite(range.low)) return fmt::format("{} {}", range.above ? "above" : "not below", range.low);
  return "";
}

std::string number_error(const Range& range, const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  const bool number = !text.empty() && *end == '\0' && std::isfinite(value);
  const bool inside = (range.above ? value > range.low : value >= range.low) && value <= range.high;
  return number && inside ? "" : fmt::format("'{}': expected a number {}", text, describe(range));
}

std::vector<std::string> Option::all_names() const {
  std::vector<std::string> result(1);
  for (const char c : names) {
    if (c == ',')
      result.emplace_back();
    else
      result.back() += c;
  }
  return result;
}

std::string Option::key() const {
  for (const std::string& name : all_names())
    if (name.starts_with("--")) return name.substr(2);
  return "";
}

std::vector<Option> grouped(const std::string& group, std::vector<Option> rows) {
  for (Option& row : rows) row.group = group;
  return rows;
}

std::vector<Option> joined(std::initializer_list<std::vector<Option>> tables) {
  std::vector<Option> all;
  for (const std::vector<Option>& table : tables) all.insert(all.end(), table.begin(), table.end());
  return all;
}

std::string variable_of(const Option& option) {
  const std::string key = option.key();
  if (key.empty() || key == "data-dir") return "";
  std::string name = "CUCURBIT_" + key;
  for (char& c : name) c = c == '-' ? '_' : char(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

}  // namespace cucurbit::cli
