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

/// Preprocesses, translates, compiles and links `file` in `folder`. Throws Error(io) if the compiler or softgpu's
/// library is gone.
Build build(const std::filesystem::path& file, Variant variant, const std::filesystem::path& folder);

/// What the compiler's messages say that a person can act on: the first errors, at lines of `file` where that is
/// possible. Error messages about code in headers are put where the file brought them about.
std::vector<Finding> compile_findings(const std::string& messages, const std::filesystem::path& file);

}  // namespace cucurbit::lab
