#pragma once

namespace softgpu {

/// A place in the source. As the default argument of a function it is the place of the call.
struct Site {
  const char* file;
  int line;

  static constexpr Site here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) { return {file, line}; }
};

}  // namespace softgpu
