#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace cucurbit::cli {

/// The command line with what else decides the options put where it belongs: defaults < config file < environment <
/// command line.
///
///   environment  CUCURBIT_<OPTION> stands for --option of the sub-command (CUCURBIT_BATCH_SIZE for --batch-size);
///   flags
///                take true or false. --data-dir has none: CUCURBIT_DATA_DIR names the folder of the embedded sets
///   --resume     of a run folder takes its args.toml as --config, unless one is given
///
/// The result has no program name and is in order.
std::vector<std::string> complete_arguments(const CLI::App& program, int argc, char** argv);

}  // namespace cucurbit::cli
