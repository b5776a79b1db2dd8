#pragma once

#include <nlohmann/json.hpp>

namespace cucurbit::cli {

/// Version, device, libraries and threads: what a result depends on beside its arguments.
nlohmann::json environment_json();

}  // namespace cucurbit::cli
