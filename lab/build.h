#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lab/finding.h"

namespace cucurbit::lab {

/// The three ways in which a file is compiled.
enum class Variant { plain, race, memory };
inline constexpr Variant kVariants[] = {Variant::plain, Variant::race, Variant::memory};

struct Build {
  std::filesystem::path program;  ///< empty when the file does not compile
  std::vector<Finding> findings;  ///< why it does not
  std::vector<std::string> launches;
};

/// Preprocesses, translates, compiles and links `file` in `folder`. Throws Error(io) if the compiler cannot be started
/// or if softgpu's library or the lab's headers do not exist.
Build build(const std::filesystem::path& file, Variant variant, const std::filesystem::path& folder);

/// The first errors among the compiler's messages, as findings. An error in a header is reported at the line of `file`
/// that led to it, where the messages tell that line.
std::vector<Finding> compile_findings(const std::string& messages, const std::filesystem::path& file);

}  // namespace cucurbit::lab
