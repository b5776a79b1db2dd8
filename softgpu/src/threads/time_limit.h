#pragma once

#include <string>

namespace softgpu {

/// SOFTGPU_TIME_LIMIT: seconds that a launch may take in thread mode; none by default. While one of these lives, a
/// kernel on the calling OS thread that passes the limit is stopped, and its launch fails with
/// cudaErrorLaunchTimeout.
class TimeLimit {
 public:
  TimeLimit();
  ~TimeLimit();
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;
};

/// "10 s"
std::string time_limit_text();

}  // namespace softgpu
