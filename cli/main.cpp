#include <fmt/format.h>

#include <cstdio>
#include <new>

#include "cli/commands.h"
#include "cli/field_names.h"
#include "cli/parse.h"
#include "distill/run/train.h"
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

int fail(int code, const std::string& message) {
  fmt::print(stderr, "cucurbit: {}\n", message);
  return code;
}

int run(const std::vector<std::string>& arguments) {
  Request request;  // with the options by which errors of libraries are named
  try {
    request = parse(commands(), arguments);
    if (request.run)
      request.run();
    else
      fmt::print("{}", request.help);
    return 0;
  } catch (const Error& error) {
    return fail(exit_code(error.kind()), with_option_names(error.what(), request.options));
  } catch (const Interrupted& interrupted) {
    const std::filesystem::path& folder = interrupted.folder;  // OUTPUT/COMMAND/NAME
    return fail(128 + interrupted.signal, fmt::format("interrupted: state saved; resume with: cucurbit {} --resume {}",
                                                      folder.parent_path().filename().string(), folder.string()));
  } catch (const std::bad_alloc&) {
    return fail(5, "[memory] out of host memory: use a smaller --batch-size or data set");
  } catch (const std::exception& error) {
    return fail(1, fmt::format("unexpected: {}: this is a bug, please report it", error.what()));
  }
}
}  // namespace

}  // namespace cucurbit::cli

int main(int argc, char** argv) { return cucurbit::cli::run({argv + 1, argv + argc}); }
