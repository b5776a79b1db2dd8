#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/options_page.h"

namespace cucurbit::cli {

Call call_options() {
  return {{}, [] { fmt::print("{}", options_page(commands())); }};
}

}  // namespace cucurbit::cli
