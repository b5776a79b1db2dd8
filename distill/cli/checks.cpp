#include <fmt/format.h>

#include <memory>

#include "distill/cli/commands.h"
#include "distill/cli/environment.h"

namespace cucurbit::cli {

void add_checks(CLI::App& program) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command = program.add_subcommand("checks", "Print versions, device, libraries and threads");
  command->add_flag("--json", *json, "print as JSON");
  command->callback([json] {
    const nlohmann::json environment = environment_json();
    if (*json) {
      fmt::print("{}\n", environment.dump(2));
      return;
    }
    for (const auto& [key, value] : environment.items())
      fmt::print("{:<20} {}\n", key, value.is_string() ? value.get<std::string>() : value.dump());
  });
}

void add_version(CLI::App& program) {
  CLI::App* command = program.add_subcommand("version", "Print the version");
  command->callback([] { fmt::print("cucurbit {}\n", CUCURBIT_VERSION); });
}

}  // namespace cucurbit::cli
