#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace cucurbit::cli {

/// Merges what decides the options into one command line. Precedence, lowest first: defaults, config file, environment,
/// command line.
///
/// - Environment: CUCURBIT_<OPTION> stands for --option of the sub-command (CUCURBIT_BATCH_SIZE for --batch-size);
///   flags take true or false. An empty variable counts as absent.
/// - `--resume` of a run folder takes its args.toml as --config, unless one is given.
///
/// `arguments` and the result have no program name and are in order.
std::vector<std::string> complete_arguments(const std::vector<Command>& commands, std::vector<std::string> arguments);

}  // namespace cucurbit::cli
