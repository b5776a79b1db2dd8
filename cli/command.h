#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/option.h"

namespace cucurbit::cli {

/// One use of a sub-command: the options, bound to values that `run` keeps alive, and what to do when these are read.
struct Call {
  std::vector<Option> options;
  std::function<void()> run;
};

struct Command {
  std::string name;  // "train"; "lab check" for one below another
  std::string summary;
  std::function<Call()> call;  // null for one that only has others below it
  bool hidden = false;         // not in --help
};

/// The command of this name; null if there is none.
const Command* find_command(const std::vector<Command>& commands, const std::string& name);

}  // namespace cucurbit::cli
