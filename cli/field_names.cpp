#include "cli/field_names.h"

#include <algorithm>

namespace cucurbit::cli {

namespace {
/// "--batch-size" for "batch_size", if there is such an option; else empty.
std::string option_of(std::string field, const std::vector<Option>& options) {
  std::replace(field.begin(), field.end(), '_', '-');
  const std::string wanted = "--" + field;
  for (const Option& option : options)
    for (const std::string& name : option.all_names())
      if (name == wanted) return name;
  return "";
}
}  // namespace

std::string with_option_names(const std::string& message, const std::vector<Option>& options) {
  std::string text;
  size_t at = 0;
  for (size_t open = message.find('`'); open != std::string::npos; open = message.find('`', at)) {
    const size_t close = message.find('`', open + 1);
    if (close == std::string::npos) break;
    const std::string option = option_of(message.substr(open + 1, close - open - 1), options);
    // What is no option keeps its backquotes; the closing one may open the next name.
    text += message.substr(at, open - at) + (option.empty() ? message.substr(open, close - open) : option);
    at = option.empty() ? close : close + 1;
  }
  return text + message.substr(at);
}

}  // namespace cucurbit::cli
