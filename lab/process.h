#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

/// Processes with limits of time and memory.

namespace cucurbit::lab {

struct Command {
  std::vector<std::string> arguments;  ///< the program first
  std::vector<std::string>
      variables;  ///< NAME=VALUE, added to the environment of this process or replacing parts of it
  std::filesystem::path output, errors;
  double seconds = 0;  ///< limit of processor time; the limit of elapsed time is 5 * seconds + 30
  uint64_t bytes = 0;  ///< limit of resident memory; a process beyond any limit is killed
};

enum class End { exited, signalled, too_slow, too_large };

struct Outcome {
  End end;
  int code;  ///< exit code, or the number of the signal
};

/// Runs a command in a process group of its own and waits for it. Throws Error if it cannot be started.
Outcome run_process(const Command& command);

/// What a command wrote into a file.
std::string read_text(const std::filesystem::path& path);

}  // namespace cucurbit::lab
