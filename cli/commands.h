#pragma once

#include <vector>

#include "cli/command.h"

namespace cucurbit::cli {

/// Every sub-command of the program, in the order of --help. A new one is a file of cli/commands/ and a row here.
const std::vector<Command>& commands();

Call call_train();
Call call_distill();
Call call_eval();
Call call_predict();
Call call_export();
Call call_inspect();
Call call_models();
Call call_lab_check();
Call call_checks();
Call call_version();
Call call_options();

}  // namespace cucurbit::cli
