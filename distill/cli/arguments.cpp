#include "distill/cli/arguments.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "distill/cli/run_folder.h"

namespace cucurbit::cli {

namespace {
std::string variable_of(const std::string& option) {
  std::string name = "CUCURBIT_" + option;
  for (char& c : name) c = c == '-' ? '_' : char(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

bool stands_in(const std::vector<std::string>& arguments, const std::string& name) {
  return std::any_of(arguments.begin(), arguments.end(), [&](const std::string& argument) {
    return argument == name || (name.starts_with("--") && argument.starts_with(name + "="));
  });
}

bool given(const std::vector<std::string>& arguments, const CLI::Option& option) {
  for (const std::string& name : option.get_lnames())
    if (stands_in(arguments, "--" + name)) return true;
  for (const std::string& name : option.get_snames())
    if (stands_in(arguments, "-" + name)) return true;
  return false;
}

std::vector<std::string> environment_options(const CLI::App& command, const std::vector<std::string>& arguments) {
  std::vector<std::string> found;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames()) {
      if (name == "help" || name == "data-dir" || given(arguments, *option)) continue;
      const char* value = std::getenv(variable_of(name).c_str());
      if (value != nullptr && *value != '\0') found.push_back("--" + name + "=" + value);
    }
  return found;
}

/// The value of an option, as "--name value" or "--name=value".
std::string value_of(const std::vector<std::string>& arguments, const std::string& name) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == name && i + 1 < arguments.size()) return arguments[i + 1];
    if (arguments[i].starts_with(name + "=")) return arguments[i].substr(name.size() + 1);
  }
  return "";
}
}  // namespace

std::vector<std::string> complete_arguments(const CLI::App& program, int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  const std::vector<const CLI::App*> commands = program.get_subcommands([](const CLI::App*) { return true; });
  for (size_t i = 0; i < arguments.size(); ++i) {
    const auto command = std::find_if(commands.begin(), commands.end(),
                                      [&](const CLI::App* app) { return app->get_name() == arguments[i]; });
    if (command == commands.end()) continue;
    const std::vector<std::string> more = environment_options(**command, arguments);
    arguments.insert(arguments.begin() + std::ptrdiff_t(i) + 1, more.begin(), more.end());
    break;
  }
  const std::string resume = value_of(arguments, "--resume");
  if (!resume.empty() && resume != "auto" && value_of(arguments, "--config").empty()) {
    const std::filesystem::path options = resumed_folder(resume) / "args.toml";
    if (std::filesystem::exists(options)) arguments.push_back("--config=" + options.string());
  }
  return arguments;
}

}  // namespace cucurbit::cli
