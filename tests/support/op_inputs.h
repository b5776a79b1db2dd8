#pragma once

#include <random>

#include "op_cases/op_case.h"

namespace cucurbit::test {

/// The type in which an input of a case is stored when the case runs in `dtype`.
DType stored_type(const Input& input, DType dtype);

/// Random values of an input, as it describes them.
Values draw(const Input& input, std::mt19937& random);

}  // namespace cucurbit::test
