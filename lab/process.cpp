#include "lab/process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <thread>

#include "kernels/error.h"

/// Starts processes and watches their time and memory.

namespace cucurbit::lab {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (const std::string& string : strings) result.push_back(const_cast<char*>(string.c_str()));
  return result;
}

/// The given variables, and those of this process's environment that they do not replace.
std::vector<char*> environment(const std::vector<std::string>& variables) {
  std::vector<char*> result = pointers(variables);
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string name(*entry, std::strcspn(*entry, "=") + 1);
    bool set = false;
    for (const std::string& variable : variables) set |= variable.starts_with(name);
    if (!set) result.push_back(*entry);
  }
  result.push_back(nullptr);
  return result;
}

pid_t start(const Command& command) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, command.output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, command.errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  std::vector<char*> arguments = pointers(command.arguments);
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int error =
      posix_spawnp(&child, arguments[0], &files, &attributes, arguments.data(), environment(command.variables).data());
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error != 0)
    throw Error(ErrorKind::io, "[lab] cannot start " + command.arguments[0] + ": " + std::strerror(error));
  return child;
}

uint64_t resident_bytes(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/statm");
  uint64_t size = 0, resident = 0;
  file >> size >> resident;
  return resident * uint64_t(sysconf(_SC_PAGESIZE));
}

/// User and system time. The fields of /proc/PID/stat are counted from the end of the program's name, which may itself
/// contain spaces.
double processor_seconds(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  std::getline(file, text);
  const size_t name = text.rfind(')');
  if (name == std::string::npos) return 0;
  std::istringstream fields(text.substr(name + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / double(sysconf(_SC_CLK_TCK));
}

Outcome decode(int status) {
  if (WIFSIGNALED(status)) return {End::signalled, WTERMSIG(status)};
  return {End::exited, WEXITSTATUS(status)};
}

}  // namespace

Outcome run_process(const Command& command) {
  using Clock = std::chrono::steady_clock;
  const pid_t child = start(command);
  const auto deadline = Clock::now() + std::chrono::duration<double>(5 * command.seconds + 30);
  auto pause = std::chrono::milliseconds(1);
  std::optional<End> killed;
  for (int status = 0;;) {
    // The process is polled every 10 ms at most, so it may exceed the limit by the memory that it can use in that
    // time.
    if (waitpid(child, &status, killed ? 0 : WNOHANG) == child) return killed ? Outcome{*killed, 0} : decode(status);
    if (resident_bytes(child) > command.bytes) killed = End::too_large;
    if (processor_seconds(child) > command.seconds || Clock::now() > deadline) killed = End::too_slow;
    if (killed) {
      kill(-child, SIGKILL);
      continue;
    }
    std::this_thread::sleep_for(pause);
    if (pause < std::chrono::milliseconds(10)) pause *= 2;
  }
}

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace cucurbit::lab
