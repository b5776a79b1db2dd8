#pragma once

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <string>

namespace cucurbit::test {

struct Outcome {
  int code;          ///< exit status; 128 + the signal that ended the program
  std::string text;  ///< what it wrote to stdout
};

/// Runs a command line of the shell to its end.
inline Outcome run_shell(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  std::string text;
  std::array<char, 4096> buffer;
  while (const size_t got = fread(buffer.data(), 1, buffer.size(), pipe)) text.append(buffer.data(), got);
  const int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), text};
}

}  // namespace cucurbit::test
