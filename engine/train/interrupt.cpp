#include "engine/train/interrupt.h"

#include <time.h>

#include <csignal>

namespace cucurbit {

namespace {
volatile std::sig_atomic_t arrived = 0;
volatile time_t arrived_at = 0;

time_t now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);  // safe in a signal handler
  return time.tv_sec;
}

void note(int signal) {
  // A shell or timeout signals both the process and its group: two signals within two seconds are one request.
  if (arrived && now() - arrived_at >= 2) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
  if (arrived) return;
  arrived_at = now();
  arrived = signal;
}
}  // namespace

void catch_interrupts() {
  std::signal(SIGINT, note);
  std::signal(SIGTERM, note);
}

int interrupted() { return arrived; }

}  // namespace cucurbit
