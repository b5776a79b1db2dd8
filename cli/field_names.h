#pragma once

#include <string>
#include <vector>

#include "cli/option.h"

namespace cucurbit::cli {

/// Libraries name fields in backquotes: "lower `batch_size`". Here these become the options that set them, "lower
/// --batch-size", as far as `options` has one of that name; other names are left as they are.
std::string with_option_names(const std::string& message, const std::vector<Option>& options);

}  // namespace cucurbit::cli
