#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace cucurbit::cli {

/// "; did you mean --epochs?" for the first argument that the program does not know, else empty.
std::string suggestion(const std::vector<Command>& commands, const std::vector<std::string>& arguments);

}  // namespace cucurbit::cli
