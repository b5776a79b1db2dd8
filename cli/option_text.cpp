#include "cli/option_text.h"

#include <fmt/format.h>

#include "engine/io/join.h"
#include "kernels/error.h"

namespace cucurbit::cli {

namespace {
struct KindText {
  std::string operator()(const bool*) const { return "flag"; }
  std::string operator()(const int*) const { return "integer"; }
  std::string operator()(const int64_t*) const { return "integer"; }
  std::string operator()(const uint64_t*) const { return "integer"; }
  std::string operator()(const double*) const { return "number"; }
  std::string operator()(const std::string*) const { return "text"; }
  std::string operator()(const std::vector<int64_t>*) const { return "integers"; }
  std::string operator()(const std::vector<double>*) const { return "numbers"; }
  std::string operator()(const std::vector<std::string>*) const { return "texts"; }
  std::string operator()(const Choice& choice) const { return join(choice.names, " | "); }
};

struct ValueText {
  template <class T>
  std::string operator()(const T* value) const {
    return fmt::format("{}", *value);
  }
  template <class T>
  std::string operator()(const std::vector<T>* values) const {
    return join(*values, " ");
  }
  std::string operator()(const Choice& choice) const { return choice.get(); }
};

std::string quoted(const std::string& text) {
  if (text.find('"') == std::string::npos) return fmt::format("\"{}\"", text);
  if (text.find('\'') == std::string::npos) return fmt::format("'{}'", text);
  throw Error(ErrorKind::usage,
              fmt::format("[options] {}: text with quotes of both kinds cannot be kept in args.toml: rename it", text));
}

/// A value of TOML; empty for an empty one.
struct Toml {
  template <class T>
  std::string operator()(const T* value) const {
    return fmt::format("{}", *value);
  }
  std::string operator()(const std::string* text) const { return text->empty() ? "" : quoted(*text); }
  template <class T>
  std::string operator()(const std::vector<T>* values) const {
    return values->empty() ? "" : fmt::format("[{}]", join(*values, ", "));
  }
  std::string operator()(const std::vector<std::string>* texts) const {
    std::vector<std::string> values;
    for (const std::string& text : *texts) values.push_back(quoted(text));
    return values.empty() ? "" : fmt::format("[{}]", join(values, ", "));
  }
  std::string operator()(const Choice& choice) const { return quoted(choice.get()); }
};
}  // namespace

std::string kind_text(const Value& value) { return std::visit(KindText{}, value); }
std::string value_text(const Value& value) { return std::visit(ValueText{}, value); }

std::string args_toml(const std::string& command, const std::vector<Option>& options) {
  std::string text = fmt::format("[{}]\n", command);
  for (const Option& option : options) {
    const std::string value = std::visit(Toml{}, option.value);
    if (!option.key().empty() && !value.empty()) text += fmt::format("{}={}\n", option.key(), value);
  }
  return text;
}

}  // namespace cucurbit::cli
