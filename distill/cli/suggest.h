#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace cucurbit::cli {

/// "; did you mean --epochs?" for the first argument that the program does not know, else empty.
std::string suggestion(const CLI::App& program, int argc, char** argv);

}  // namespace cucurbit::cli
