#include "cli/suggest.h"

#include <algorithm>

#include "engine/nearest.h"

namespace cucurbit::cli {

namespace {
/// The nearest of `known` to `given` unless it is one of them.
std::string hint(const std::string& given, const std::vector<std::string>& known) {
  if (known.empty() || std::find(known.begin(), known.end(), given) != known.end()) return "";
  return "; did you mean " + nearest(given, known) + "?";
}

std::vector<std::string> option_names(const Command& command) {
  std::vector<std::string> names{"--help", "--config"};
  const Call call = command.call ? command.call() : Call{};
  for (const Option& option : call.options)
    for (const std::string& name : option.all_names())
      if (name.starts_with("--")) names.push_back(name);
  return names;
}
}  // namespace

std::string suggestion(const std::vector<Command>& commands, const std::vector<std::string>& arguments) {
  if (arguments.empty()) return "";
  std::vector<std::string> names;
  for (const Command& command : commands)
    if (!command.hidden && command.name.find(' ') == std::string::npos) names.push_back(command.name);
  const Command* command = find_command(commands, arguments[0]);
  if (command == nullptr) return hint(arguments[0], names);
  const std::vector<std::string> options = option_names(*command);
  for (const std::string& argument : arguments) {
    if (!argument.starts_with("--")) continue;
    if (std::string unknown = hint(argument.substr(0, argument.find('=')), options); !unknown.empty()) return unknown;
  }
  return "";
}

}  // namespace cucurbit::cli
