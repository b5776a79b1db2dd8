#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "distill/run/environment.h"

namespace cucurbit::cli {

namespace {
void checks(bool json) {
  const nlohmann::json environment = environment_json();
  if (json) {
    fmt::print("{}\n", environment.dump(2));
    return;
  }
  for (const auto& [key, value] : environment.items())
    fmt::print("{:<20} {}\n", key, value.is_string() ? value.get<std::string>() : value.dump());
}
}  // namespace

Call call_checks() {
  const auto json = std::make_shared<bool>(false);
  return {{{"--json", "Print as JSON", json.get()}}, [json] { checks(*json); }};
}

}  // namespace cucurbit::cli
