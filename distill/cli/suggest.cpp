#include "distill/cli/suggest.h"

#include <algorithm>

#include "engine/nearest.h"

namespace cucurbit::cli {

namespace {
std::vector<std::string> command_names(const CLI::App& program) {
  std::vector<std::string> names;
  for (const CLI::App* command : program.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

/// The nearest of `known` to `given` unless it is one of them.
std::string hint(const std::string& given, const std::vector<std::string>& known) {
  if (known.empty() || std::find(known.begin(), known.end(), given) != known.end()) return "";
  return "; did you mean " + nearest(given, known) + "?";
}
}  // namespace

std::string suggestion(const CLI::App& program, int argc, char** argv) {
  if (argc < 2) return "";
  const std::vector<std::string> commands = command_names(program);
  if (std::string unknown = hint(argv[1], commands); !unknown.empty()) return unknown;
  const std::vector<std::string> options = option_names(*program.get_subcommand(argv[1]));
  for (int i = 2; i < argc; ++i) {
    const std::string argument = argv[i];
    if (!argument.starts_with("--")) continue;
    if (std::string unknown = hint(argument.substr(0, argument.find('=')), options); !unknown.empty()) return unknown;
  }
  return "";
}

}  // namespace cucurbit::cli
