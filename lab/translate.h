#pragma once

#include <string>
#include <string_view>
#include <vector>

/// The translation of CUDA C++ into C++ for g++.

namespace cucurbit::lab {

struct Translation {
  std::string text;
  std::vector<std::string> launches;  ///< the kernel of every launch, as written, by the number of the launch
};

/// Translates preprocessed CUDA C++ into C++: launches become calls of lab::detail::launch (lab/include/lab/launch.h),
/// and `extern __shared__ T name[]` becomes a pointer. Lines keep their numbers. Strings, comments and code that the
/// line markers attribute to a system header stay as they are, and so does what is not understood: the compiler will
/// refuse it.
Translation translate(std::string_view preprocessed);

}  // namespace cucurbit::lab
