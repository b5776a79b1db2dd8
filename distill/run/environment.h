#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace cucurbit {

std::string program_version();

/// Version, device, libraries and threads: what a result depends on beside its arguments.
nlohmann::json environment_json();

}  // namespace cucurbit
