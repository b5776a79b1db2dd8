#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace cucurbit::cli {

/// docs/options.md: the options of every sub-command by group, with kind, limits, default and variable of the
/// environment. Options that `distill` shares with `train` are listed once.
std::string options_page(const std::vector<Command>& commands);

}  // namespace cucurbit::cli
