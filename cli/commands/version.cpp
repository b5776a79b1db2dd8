#include <fmt/format.h>

#include "cli/commands.h"
#include "distill/run/environment.h"

namespace cucurbit::cli {

Call call_version() {
  return {{}, [] { fmt::print("cucurbit {}\n", program_version()); }};
}

}  // namespace cucurbit::cli
