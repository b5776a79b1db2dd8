#include "engine/train/interrupt.h"

#include <csignal>

namespace cucurbit {

namespace {
volatile std::sig_atomic_t arrived = 0;

void note(int signal) {
  arrived = signal;
  std::signal(signal, SIG_DFL);
}
}  // namespace

void catch_interrupts() {
  std::signal(SIGINT, note);
  std::signal(SIGTERM, note);
}

int interrupted() { return arrived; }

}  // namespace cucurbit
