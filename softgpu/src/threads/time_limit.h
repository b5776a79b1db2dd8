#pragma once

#include <string>

namespace softgpu {

/// SOFTGPU_TIME_LIMIT: the number of seconds that a launch may take in thread mode; no limit by default. While an
/// object lives, a kernel on the calling OS thread that exceeds the limit is stopped, and its launch fails with
/// cudaErrorLaunchTimeout.
class TimeLimit {
 public:
  TimeLimit();
  ~TimeLimit();
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;
};

/// The limit as text, such as "10 s".
std::string time_limit_text();

}  // namespace softgpu
