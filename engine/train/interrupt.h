#pragma once

namespace cucurbit {

/// From now on SIGINT and SIGTERM ask training to stop after the current steps instead of killing the program; one that
/// comes at least two seconds after the first kills it.
void catch_interrupts();

/// The signal that arrived, 0 if none.
int interrupted();

}  // namespace cucurbit
