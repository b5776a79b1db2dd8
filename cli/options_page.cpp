#include "cli/options_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/option_text.h"
#include "distill/modes/registry.h"

namespace cucurbit::cli {

namespace {
constexpr const char* kIntroduction =
    "# Options\n\n"
    "Every sub-command of `cucurbit` with its options. Made by `scripts/option_table` from the tables in\n"
    "[cli/options](../cli/options); run it after changing them.\n\n"
    "An option may also be given in a config file (`--config FILE`, a TOML table for each sub-command, such as the\n"
    "`args.toml` of a run folder) or as a variable of the environment, `CUCURBIT_` and the name in capitals:\n"
    "`CUCURBIT_BATCH_SIZE=64`. The command line takes precedence over the environment, the environment over the "
    "config\n"
    "file, and the config file over the defaults. `--data-dir` has no variable: `CUCURBIT_DATA_DIR` names the folder "
    "in\n"
    "which named data sets are looked for. `--resume FOLDER` takes the options of that run.\n";

/// `text` as a cell of a table.
std::string cell(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '|' || c == '<' || c == '*') safe += '\\';
    safe += c;
  }
  return safe;
}

/// "`-b`, `--batch-size`"; "`DATA` or `--data-dir`".
std::string names_cell(const Option& option) {
  std::string text;
  for (std::string name : option.all_names()) {
    const bool positional = !name.starts_with("-");
    if (positional)
      for (char& c : name) c = char(std::toupper(static_cast<unsigned char>(c)));
    text += (text.empty() ? "`" : ", `") + name + "`";
  }
  return text;
}

std::string row_of(const Option& option) {
  std::string kind = kind_text(option.value);
  if (const std::string limits = describe(option.range); !limits.empty()) kind += " " + limits;
  std::string value = value_text(option.value);
  if (std::holds_alternative<bool*>(option.value) || value.empty()) value = option.required ? "required" : "";
  return fmt::format("| {} | {} | {} | {} |\n", names_cell(option), cell(kind), cell(value), cell(option.help));
}

std::string tables_of(const std::vector<Option>& options) {
  std::vector<std::string> groups;
  for (const Option& option : options)
    if (std::find(groups.begin(), groups.end(), option.group) == groups.end()) groups.push_back(option.group);
  std::string page;
  for (const std::string& group : groups) {
    page += fmt::format("\n### {}\n\n| option | value | default | |\n|---|---|---|---|\n", group);
    for (const Option& option : options)
      if (option.group == group) page += row_of(option);
  }
  return page;
}

/// `options` without those that `known` has under the same names and with the same default.
std::vector<Option> without(std::vector<Option> options, const std::vector<Option>& known) {
  std::erase_if(options, [&](const Option& option) {
    return std::any_of(known.begin(), known.end(), [&](const Option& other) {
      return other.names == option.names && value_text(other.value) == value_text(option.value);
    });
  });
  return options;
}
/// "`temperature` 4"
std::string knobs_cell(const MethodInfo& method) {
  std::string text;
  for (const Knob& knob : method.knobs)
    text += fmt::format("{}`{}` {}: {}", text.empty() ? "" : "; ", knob.name, knob.value, knob.summary);
  return text;
}

std::string methods_and_modes() {
  std::string page =
      "\n## Methods\n\nWhat `distill --method NAME` or `--method NAME:KNOB=VALUE,...` takes.\n\n"
      "| method | adds to the loss | knobs | paper |\n|---|---|---|---|\n";
  for (const MethodInfo& method : methods())
    page += fmt::format("| `{}` | {} | {} | {} |\n", method.name, cell(std::string(method.summary)),
                        cell(knobs_cell(method)), method.paper);
  page +=
      "\n## Modes\n\nHow teacher, student and images are brought together in a step: `train` takes labels, `distill` "
      "offline.\n\n| mode | |\n|---|---|\n";
  for (const ModeInfo& mode : modes()) page += fmt::format("| {} | {} |\n", mode.name, cell(std::string(mode.summary)));
  return page;
}
}  // namespace

std::string options_page(const std::vector<Command>& commands) {
  std::string page = kIntroduction;
  const Call train = find_command(commands, "train")->call();
  for (const Command& command : commands) {
    if (!command.call || command.hidden) continue;
    const Call call = command.call();
    page += fmt::format("\n## {}\n\n{}.", command.name, command.summary);
    const bool shares = command.name == "distill";
    page += shares ? " Takes the options of `train` too.\n" : "\n";
    page += tables_of(shares ? without(call.options, train.options) : call.options);
  }
  return page + methods_and_modes();
}

}  // namespace cucurbit::cli
