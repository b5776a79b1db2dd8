#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <new>

#include "distill/cli/arguments.h"
#include "distill/cli/commands.h"
#include "distill/cli/suggest.h"
#include "distill/cli/train_network.h"
#include "kernels/error.h"

namespace cucurbit::cli {

namespace {
int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::bug:
      return 1;
    case ErrorKind::usage:
      return 2;
    case ErrorKind::input:
      return 3;
    case ErrorKind::not_finite:
      return 4;
    case ErrorKind::out_of_memory:
      return 5;
    case ErrorKind::io:
      return 6;
  }
  return 1;
}

constexpr const char* kExamples =
    "Examples:\n"
    "  cucurbit train mnist --model convnet --drop 0.3 --max-shift 2\n"
    "  cucurbit distill mnist --teacher runs/train/.../weights/best.safetensors --model mlp:800x800 --baseline\n"
    "  cucurbit eval runs/train/.../weights/best.safetensors mnist\n"
    "  cucurbit train photos --img-size 64 --model convnet --hflip    (photos/CLASS/*.jpg)\n"
    "  cucurbit inspect photos --contact-sheet sheet.png";

int fail(int code, const std::string& message) {
  fmt::print(stderr, "cucurbit: {}\n", message);
  return code;
}

int run(int argc, char** argv) {
  CLI::App program("cucurbit: trains small image classifiers and distils them", "cucurbit");
  program.footer(kExamples);
  program.set_config("--config", "", "a TOML file of options by sub-command, such as args.toml of a run folder");
  program.fallthrough();  // so that --config may follow the sub-command
  program.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  for (auto add : {add_train, add_distill, add_eval, add_predict, add_export, add_inspect, add_models, add_lab,
                   add_checks, add_version})
    add(program);
  if (argc < 2) {
    fmt::print("{}", program.help());
    return 0;
  }
  try {
    std::vector<std::string> arguments = complete_arguments(program, argc, argv);
    std::reverse(arguments.begin(), arguments.end());  // the order that parse takes
    program.parse(std::move(arguments));
    return 0;
  } catch (const CLI::Success& wants_help) {
    return program.exit(wants_help);
  } catch (const CLI::FileError& error) {
    return fail(exit_code(ErrorKind::io), error.what());
  } catch (const CLI::ConversionError& error) {
    return fail(exit_code(ErrorKind::usage),
                fmt::format("{}: expected a number, a whole one for what is counted", error.what()));
  } catch (const CLI::ParseError& error) {
    return fail(exit_code(ErrorKind::usage), error.what() + suggestion(program, argc, argv));
  } catch (const Error& error) {
    return fail(exit_code(error.kind()), error.what());
  } catch (const Interrupted& interrupted) {
    return fail(128 + interrupted.signal,
                fmt::format("interrupted: everything is saved; go on: cucurbit {} --resume {}",
                            interrupted.run.parent_path().filename().string(), interrupted.run.string()));
  } catch (const std::bad_alloc&) {
    return fail(5, "[memory] out of host memory: use a smaller --batch-size or data set");
  } catch (const std::exception& error) {
    return fail(1, fmt::format("unexpected: {}: this is a bug, please report it", error.what()));
  }
}
}  // namespace

}  // namespace cucurbit::cli

int main(int argc, char** argv) { return cucurbit::cli::run(argc, argv); }
