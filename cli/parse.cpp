// The only file that knows CLI11, whose header takes long to compile.
#include "cli/parse.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <deque>

#include "cli/arguments.h"
#include "cli/suggest.h"
#include "kernels/error.h"

namespace cucurbit::cli {

namespace {
constexpr const char* kExamples =
    "Examples:\n"
    "  cucurbit train mnist --model convnet --drop 0.3 --max-shift 2\n"
    "  cucurbit distill mnist --teacher runs/train/.../weights/best.safetensors --model mlp:800x800 --baseline\n"
    "  cucurbit eval runs/train/.../weights/best.safetensors mnist\n"
    "  cucurbit train photos --img-size 64 --model convnet --hflip    (photos/CLASS/*.jpg)\n"
    "  cucurbit inspect photos --contact-sheet sheet.png";

/// Adds an option to an App by the type of its value.
struct Bind {
  CLI::App& app;
  const Option& row;

  CLI::Option* operator()(bool* value) const { return app.add_flag(row.names, *value, row.help); }
  template <class T>
  CLI::Option* operator()(T* value) const {
    return app.add_option(row.names, *value, row.help)->capture_default_str();
  }
  template <class T>
  CLI::Option* operator()(std::vector<T>* values) const {
    return app.add_option(row.names, *values, row.help)->delimiter(',');
  }
  CLI::Option* operator()(std::vector<std::string>* values) const {
    return app.add_option(row.names, *values, row.help);
  }
  CLI::Option* operator()(const Choice& choice) const {
    return app.add_option_function<std::string>(row.names, choice.set, row.help)
        ->check(CLI::IsMember(choice.names))
        ->default_str(choice.get());
  }
};

void add_option(CLI::App& app, const Option& row) {
  CLI::Option* option = std::visit(Bind{app, row}, row.value);
  option->group(row.group)->required(row.required);
  if (row.count > 0) option->expected(int(row.count));
  if (const std::string limits = describe(row.range); !limits.empty())
    option->check(CLI::Validator([&row](const std::string& text) { return number_error(row.range, text); }, limits));
}

/// A sub-command of the program, or of the one that its name begins with.
CLI::App* add_command(CLI::App& program, const Command& command) {
  const size_t space = command.name.find(' ');
  if (space == std::string::npos) return program.add_subcommand(command.name, command.summary);
  return program.get_subcommand(command.name.substr(0, space))
      ->add_subcommand(command.name.substr(space + 1), command.summary);
}

/// The parser of all commands; `calls` are those of `commands`, and `chosen` will be the one that was asked for.
void build(CLI::App& program, const std::vector<Command>& commands, const std::deque<Call>& calls,
           const Call*& chosen) {
  program.footer(kExamples);
  program.set_config("--config", "", "a TOML file of options by sub-command, such as args.toml of a run folder");
  program.fallthrough();  // so that --config may follow the sub-command
  program.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  for (size_t i = 0; i < commands.size(); ++i) {
    CLI::App* app = add_command(program, commands[i]);
    if (commands[i].hidden) app->group("");
    if (!commands[i].call) {
      app->require_subcommand(1);
      continue;
    }
    for (const Option& row : calls[i].options) add_option(*app, row);
    app->callback([&chosen, &call = calls[i]] { chosen = &call; });
  }
}

/// Runs CLI11 and turns what it throws into errors of ours. Returns the help, if that was asked for.
std::string parse_with(CLI::App& program, const std::vector<Command>& commands,
                       const std::vector<std::string>& arguments) {
  const auto wrong = [&](const std::string& message) { return Error(ErrorKind::usage, message); };
  try {
    std::vector<std::string> reversed = complete_arguments(commands, arguments);  // the order that CLI11 takes
    std::reverse(reversed.begin(), reversed.end());
    program.parse(std::move(reversed));
    return "";
  } catch (const CLI::Success& asked) {
    std::ostringstream help;
    program.exit(asked, help, help);
    return help.str();
  } catch (const CLI::FileError& error) {
    throw Error(ErrorKind::io, error.what());
  } catch (const CLI::ConversionError& error) {
    throw wrong(fmt::format("{}: expected a number (counts must be integers)", error.what()));
  } catch (const CLI::ParseError& error) {
    throw wrong(error.what() + suggestion(commands, arguments));
  }
}
}  // namespace

Request parse(const std::vector<Command>& commands, const std::vector<std::string>& arguments) {
  CLI::App program("cucurbit: trains small image classifiers and distils them", "cucurbit");
  std::deque<Call> calls;
  for (const Command& command : commands) calls.push_back(command.call ? command.call() : Call{});
  const Call* chosen = nullptr;
  build(program, commands, calls, chosen);
  if (arguments.empty()) return {.help = program.help()};
  const std::string help = parse_with(program, commands, arguments);
  if (chosen == nullptr || !help.empty()) return {.help = help};
  return {.help = "", .options = chosen->options, .run = chosen->run};
}

}  // namespace cucurbit::cli
