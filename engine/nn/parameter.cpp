#include "engine/nn/parameter.h"

#include <cmath>

namespace cucurbit {

Initializer Initializer::he_normal(int64_t fan_in) { return {Kind::normal, std::sqrt(2.0 / double(fan_in))}; }
Initializer Initializer::fan_in_uniform(int64_t fan_in) { return {Kind::uniform, 1 / std::sqrt(double(fan_in))}; }

Initializer Initializer::dirac(int64_t fan_in) { return {Kind::dirac, 1 / std::sqrt(double(fan_in))}; }

}  // namespace cucurbit
