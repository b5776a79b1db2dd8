#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/command.h"

namespace cucurbit::cli {

/// What a command line asks for.
struct Request {
  std::string help;             // to be printed, and nothing else done; or:
  std::vector<Option> options;  // of the sub-command
  std::function<void()> run;
};

/// Reads the command line, with the environment and config files (arguments.h). Throws Error usage for what is wrong
/// with it, with a suggestion for misspelt names, and io for a config file that cannot be read.
Request parse(const std::vector<Command>& commands, const std::vector<std::string>& arguments);

}  // namespace cucurbit::cli
