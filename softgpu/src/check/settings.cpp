#include "settings.h"

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "check.h"
#include "image.h"

/// Reads SOFTGPU_CHECK when the program starts.

namespace softgpu::check {

constinit bool check_races = true;
constinit bool check_undefined = true;

namespace {

constinit bool is_active = false;

void read_settings(std::string_view words) {
  if (words.empty()) return;
  check_races = check_undefined = false;
  while (true) {
    const std::string_view word = words.substr(0, words.find(','));
    if (word == "race") {
      check_races = true;
    } else if (word == "init") {
      check_undefined = true;
    } else {
      std::fprintf(stderr, "softgpu: SOFTGPU_CHECK contains \"%.*s\": expected race, init or race,init\n",
                   static_cast<int>(word.size()), word.data());
      std::_Exit(2);  // this runs before main, so there is nothing to clean up
    }
    if (word.size() == words.size()) return;
    words.remove_prefix(word.size() + 1);
  }
}

}  // namespace

bool active() { return is_active; }

}  // namespace softgpu::check

/// Every instrumented source file calls this function when the program starts.
extern "C" void __tsan_init() {
  using namespace softgpu::check;
  if (is_active) return;
  is_active = true;
  const char* const words = std::getenv("SOFTGPU_CHECK");
  read_settings(words == nullptr ? "" : words);
  watch_variables();
}
