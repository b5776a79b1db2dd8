#pragma once

// The one exception type of cucurbit. Messages read "[op] what was wrong: the values: what to do".

#include <stdexcept>
#include <string>
#include <utility>

namespace cucurbit {

/// What went wrong, as far as a caller can act on it; the command line turns it into an exit code.
enum class ErrorKind {
  bug,            ///< a broken promise inside cucurbit
  usage,          ///< an unknown or contradictory option, name or device
  input,          ///< a file, shape or label that cannot be accepted
  not_finite,     ///< a loss or gradient became infinite or not a number
  out_of_memory,  ///< host or device memory exhausted
  io,             ///< a file cannot be opened, read or written
};

/// Thrown by every layer; library code never exits or aborts.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, std::string message) : std::runtime_error(std::move(message)), kind_(kind) {}

  ErrorKind kind() const noexcept { return kind_; }

 private:
  ErrorKind kind_;
};

}  // namespace cucurbit
