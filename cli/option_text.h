#pragma once

#include <string>
#include <vector>

#include "cli/option.h"

namespace cucurbit::cli {

/// The kind of value: "flag", "integer", "number", "text", "integers", "numbers", "texts" or "a | b | c".
std::string kind_text(const Value& value);
/// The value as text: "0.05", "true", "cosine", "150 180"; empty for an empty one.
std::string value_text(const Value& value);

/// The values of the options that have a key as a table of TOML, which --config takes to repeat the call:
///
///   [train]
///   data-dir="mnist"
///   decay-milestones=[150, 180]
///
/// Empty text and empty lists are left out. Throws Error usage for text that holds quotes of both kinds, which the
/// format cannot say.
std::string args_toml(const std::string& command, const std::vector<Option>& options);

}  // namespace cucurbit::cli
