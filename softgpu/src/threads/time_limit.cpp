#include "time_limit.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "fault.h"

/// The time limit of launches, by a timer for each OS thread.

namespace softgpu {
namespace {

double seconds() {
  static const double limit = [] {
    const char* text = std::getenv("SOFTGPU_TIME_LIMIT");
    if (text == nullptr || *text == '\0') return 0.0;
    char* end = nullptr;
    const double value = std::strtod(text, &end);
    if (*end == '\0' && value >= 0) return value;
    std::fprintf(stderr, "softgpu: SOFTGPU_TIME_LIMIT=%s: expected a number of seconds\n", text);
    std::_Exit(2);
  }();
  return limit;
}

int limit_signal() { return SIGRTMIN + 7; }

/// A timer that signals the OS thread that created it, which is the one that runs the kernel.
struct Timer {
  timer_t id{};

  Timer() {
    struct sigaction action {};
    action.sa_sigaction = on_limit;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
    sigaction(limit_signal(), &action, nullptr);
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = limit_signal();
    event._sigev_un._tid = gettid();
    timer_create(CLOCK_MONOTONIC, &event, &id);
  }
  ~Timer() { timer_delete(id); }

  void set(double after) const {
    itimerspec when{};
    when.it_value.tv_sec = static_cast<time_t>(std::floor(after));
    when.it_value.tv_nsec = static_cast<long>((after - std::floor(after)) * 1e9);
    timer_settime(id, 0, &when, nullptr);
  }

  static Timer& of_this_os_thread() {
    static thread_local Timer timer;
    return timer;
  }

  /// If the kernel cannot be stopped where it is, tries again a millisecond later.
  static void on_limit(int, siginfo_t*, void* context) {
    if (!stop_kernel(context)) of_this_os_thread().set(1e-3);
  }
};

}  // namespace

TimeLimit::TimeLimit() {
  if (seconds() > 0) Timer::of_this_os_thread().set(seconds());
}
TimeLimit::~TimeLimit() {
  if (seconds() > 0) Timer::of_this_os_thread().set(0);
}

std::string time_limit_text() {
  char text[32];
  std::snprintf(text, sizeof(text), "%g s", seconds());
  return text;
}

}  // namespace softgpu
