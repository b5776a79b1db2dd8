#pragma once

#include <CLI/CLI.hpp>

/// Every sub-command adds itself to the program: its options, its help, and what it does when chosen.
namespace cucurbit::cli {

void add_train(CLI::App& program);
void add_distill(CLI::App& program);
void add_eval(CLI::App& program);
void add_predict(CLI::App& program);
void add_export(CLI::App& program);
void add_inspect(CLI::App& program);
void add_models(CLI::App& program);
void add_lab(CLI::App& program);
void add_checks(CLI::App& program);
void add_version(CLI::App& program);

}  // namespace cucurbit::cli
