#pragma once

namespace cucurbit {

/// Makes SIGINT and SIGTERM request that training stop after the current steps, instead of killing the program. A
/// signal that arrives at least two seconds after the first one kills the program.
void catch_interrupts();

/// The signal that arrived, 0 if none.
int interrupted();

}  // namespace cucurbit
