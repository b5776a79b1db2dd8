#include "cli/arguments.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "distill/run/folder.h"

namespace cucurbit::cli {

namespace {
using Arguments = std::vector<std::string>;

bool contains(const Arguments& arguments, const std::string& name) {
  return std::any_of(arguments.begin(), arguments.end(), [&](const std::string& argument) {
    return argument == name || (name.starts_with("--") && argument.starts_with(name + "="));
  });
}

bool given(const Arguments& arguments, const Option& option) {
  const Arguments names = option.all_names();
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return name.starts_with("-") && contains(arguments, name); });
}

Arguments environment_arguments(const Command& command, const Arguments& arguments) {
  Arguments found;
  const Call call = command.call();
  for (const Option& option : call.options) {
    const std::string variable = variable_of(option);
    if (variable.empty() || given(arguments, option)) continue;
    const char* value = std::getenv(variable.c_str());
    if (value != nullptr && *value != '\0') found.push_back("--" + option.key() + "=" + value);
  }
  return found;
}

/// The value of an option, as "--name value" or "--name=value".
std::string value_of(const Arguments& arguments, const std::string& name) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == name && i + 1 < arguments.size()) return arguments[i + 1];
    if (arguments[i].starts_with(name + "=")) return arguments[i].substr(name.size() + 1);
  }
  return "";
}

/// Puts the options of the environment behind the name of the sub-command, before what the user wrote.
void insert_environment(const std::vector<Command>& commands, Arguments& arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    size_t words = 1;
    const Command* command = find_command(commands, arguments[i]);
    if (command != nullptr && !command->call && i + 1 < arguments.size()) {
      command = find_command(commands, arguments[i] + " " + arguments[i + 1]);
      words = 2;
    }
    if (command == nullptr || !command->call) continue;
    const Arguments more = environment_arguments(*command, arguments);
    arguments.insert(arguments.begin() + std::ptrdiff_t(i + words), more.begin(), more.end());
    return;
  }
}
}  // namespace

Arguments complete_arguments(const std::vector<Command>& commands, Arguments arguments) {
  insert_environment(commands, arguments);
  const std::string resume = value_of(arguments, "--resume");
  if (!resume.empty() && resume != "auto" && value_of(arguments, "--config").empty()) {
    const std::filesystem::path options = resumed_folder(resume) / "args.toml";
    if (std::filesystem::exists(options)) arguments.push_back("--config=" + options.string());
  }
  return arguments;
}

}  // namespace cucurbit::cli
