#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cucurbit::lab {

struct Translation {
  std::string text;
  std::vector<std::string> launches;  ///< the kernel of every launch, as written; a launch is known by its index
};

/// Makes C++ of preprocessed CUDA C++: launches become calls of lab::detail::launch (lab/include/lab/launch.h), and
/// `extern __shared__ T name[]` a pointer. Lines keep their numbers. What the line markers say comes from a system
/// header, strings and comments are left alone. What it does not understand it leaves to the compiler to refuse.
Translation translate(std::string_view preprocessed);

}  // namespace cucurbit::lab
