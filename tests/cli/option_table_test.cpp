// The tables of options: what they promise holds for every row.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>

#include "cli/commands.h"
#include "cli/field_names.h"
#include "cli/option_text.h"
#include "cli/options/tables.h"
#include "cli/options_page.h"
#include "cli/parse.h"
#include "support/temporary_folder.h"

namespace cucurbit::cli {
namespace {

/// Commands with nothing but options, which `seen` receives as they are after parsing.
struct Recorded {
  std::vector<Command> commands;
  std::string seen;

  Recorded() {
    for (const Command& command : cli::commands()) {
      if (!command.call || command.hidden || command.name.find(' ') != std::string::npos) continue;
      commands.push_back({command.name, command.summary, [this, command] {
                            Call call = command.call();
                            call.run = [this, name = command.name, options = call.options, owner = call.run] {
                              seen = args_toml(name, options);
                            };
                            return call;
                          }});
    }
  }
  std::string parse(const std::vector<std::string>& arguments) {
    seen.clear();
    cli::parse(commands, arguments).run();
    return seen;
  }
};

/// A value that is allowed and not the default.
std::string other_value(const Option& option) {
  if (const auto* choice = std::get_if<Choice>(&option.value)) return choice->names.back();
  if (std::holds_alternative<bool*>(option.value)) return "true";
  if (std::holds_alternative<std::string*>(option.value)) return "some text";
  if (std::holds_alternative<std::vector<std::string>*>(option.value)) return "one";
  const bool whole =
      !std::holds_alternative<double*>(option.value) && !std::holds_alternative<std::vector<double>*>(option.value);
  const std::string one = option.range.high <= 1 ? "0.625" : whole ? "3" : "3.5";
  std::string text = one;
  for (size_t i = 1; i < option.count; ++i) text += "," + one;
  return text;
}

/// The required arguments of a command.
std::vector<std::string> least_arguments(const Command& command) {
  std::vector<std::string> arguments{command.name};
  const Call call = command.call();
  for (const Option& option : call.options)
    if (option.required) arguments.push_back(option.key().empty() ? "file" : "--" + option.key() + "=file");
  return arguments;
}

TEST(OptionTable, EveryRowIsComplete) {
  for (const Command& command : commands()) {
    EXPECT_FALSE(command.summary.empty()) << command.name;
    if (!command.call) continue;
    std::set<std::string> names;
    const Call call = command.call();
    for (const Option& option : call.options) {
      const std::string row = command.name + " " + option.names;
      EXPECT_FALSE(option.help.empty()) << row;
      EXPECT_TRUE(std::isupper(static_cast<unsigned char>(option.help[0]))) << row << ": " << option.help;
      EXPECT_NE(option.help.back(), '.') << row;
      for (const std::string& name : option.all_names()) EXPECT_TRUE(names.insert(name).second) << row << " " << name;
    }
  }
}

TEST(OptionTable, EveryRowTravelsThroughArgsToml) {
  const test::TemporaryFolder folder;
  Recorded recorded;
  int rows = 0;
  for (const Command& command : recorded.commands) {
    const std::vector<std::string> least = least_arguments(command);
    const Call call = command.call();
    for (const Option& option : call.options) {
      if (option.key().empty()) continue;
      ++rows;
      std::vector<std::string> arguments = least;
      arguments.push_back("--" + option.key() + "=" + other_value(option));
      const std::string written = recorded.parse(arguments);
      if (!option.required && other_value(option) != value_text(option.value)) {  // there may be one choice only
        EXPECT_NE(written, recorded.parse(least)) << command.name << " " << option.names << " changes nothing";
      }
      test::write_bytes(folder / "args.toml", written);
      std::vector<std::string> repeat{command.name, "--config=" + (folder / "args.toml").string()};
      for (size_t i = 1; i < least.size(); ++i)
        if (!least[i].starts_with("-")) repeat.push_back(least[i]);
      EXPECT_EQ(recorded.parse(repeat), written) << command.name << " " << option.names;
    }
  }
  EXPECT_GT(rows, 120);
}

TEST(OptionTable, EveryRowHasAVariableOfTheEnvironment) {
  Recorded recorded;
  for (const Command& command : recorded.commands) {
    const std::vector<std::string> least = least_arguments(command);
    const Call call = command.call();
    for (const Option& option : call.options) {
      const std::string variable = variable_of(option);
      if (variable.empty() || option.required) continue;
      std::vector<std::string> arguments = least;
      arguments.push_back("--" + option.key() + "=" + other_value(option));
      const std::string wanted = recorded.parse(arguments);
      ASSERT_EQ(setenv(variable.c_str(), other_value(option).c_str(), 1), 0);
      EXPECT_EQ(recorded.parse(least), wanted) << variable;
      unsetenv(variable.c_str());
    }
  }
}

TEST(OptionTable, VariablesAreNamedAfterOptions) {
  std::string text;
  EXPECT_EQ(variable_of({"-b,--batch-size", "Help", &text}), "CUCURBIT_BATCH_SIZE");
  EXPECT_EQ(variable_of({"--max-shift,--crop-padding", "Help", &text}), "CUCURBIT_MAX_SHIFT");
  EXPECT_EQ(variable_of({"data,--data-dir", "Help", &text}), "") << "CUCURBIT_DATA_DIR is the folder of named sets";
  EXPECT_EQ(variable_of({"weights", "Help", &text}), "");
}

TEST(OptionTable, RangesAreChecked) {
  EXPECT_EQ(number_error(kPositive, "0.5"), "");
  EXPECT_EQ(number_error(kPositive, "0"), "'0': expected a number above 0");
  EXPECT_EQ(number_error(kNotNegative, "0"), "");
  EXPECT_EQ(number_error(kNotNegative, "-1"), "'-1': expected a number not below 0");
  EXPECT_EQ(number_error(kShare, "1"), "");
  EXPECT_EQ(number_error(kShare, "1.01"), "'1.01': expected a number from 0 to 1");
  for (const char* none : {"", "x", "1x", "inf", "nan"}) EXPECT_NE(number_error(kNotNegative, none), "") << none;
}

TEST(OptionTable, TextIsQuotedAsItsContentAllows) {
  std::string text = "a \"b\"";
  const std::vector<Option> options{{"--name", "Help", &text}};
  EXPECT_EQ(args_toml("train", options), "[train]\nname='a \"b\"'\n");
  text = "it's";
  EXPECT_EQ(args_toml("train", options), "[train]\nname=\"it's\"\n");
  text = "it's \"b\"";
  test::expect_error(ErrorKind::usage, {"it's \"b\""}, [&] { args_toml("train", options); });
}

TEST(OptionTable, FieldsBecomeOptions) {
  int64_t number = 0;
  const std::vector<Option> options{{"-b,--batch-size", "Help", &number}, {"--lr", "Help", &number}};
  const auto named = [&](const std::string& message) { return with_option_names(message, options); };
  EXPECT_EQ(named("lower `batch_size` 96 or `lr`"), "lower --batch-size 96 or --lr");
  EXPECT_EQ(named("`momentum` and `lr`: see `cucurbit models`"), "`momentum` and --lr: see `cucurbit models`");
  EXPECT_EQ(named("no name: b_a"), "no name: b_a");
  EXPECT_EQ(named("an open ` and `lr"), "an open ` and `lr");
}

TEST(OptionTable, TheDocumentationIsUpToDate) {
  EXPECT_EQ(test::read_bytes(CUCURBIT_SOURCE_DIR "/docs/options.md"), options_page(commands()))
      << "run scripts/option_table";
}

}  // namespace
}  // namespace cucurbit::cli
