#include "engine/math_mode.h"

#include <atomic>

namespace cucurbit {

namespace {
std::atomic<Math> chosen{Math::vendor};
}  // namespace

Math math_mode() { return chosen; }
void set_math_mode(Math math) { chosen = math; }

}  // namespace cucurbit
