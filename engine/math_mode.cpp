#include "engine/math_mode.h"

#include <atomic>

namespace cucurbit {

namespace {
std::atomic<Math> chosen{Math::vendor};
std::atomic<bool> tf32{false};
}  // namespace

Math math_mode() { return chosen; }
void set_math_mode(Math math) { chosen = math; }
bool tf32_allowed() { return tf32; }
void allow_tf32(bool allowed) { tf32 = allowed; }

}  // namespace cucurbit
