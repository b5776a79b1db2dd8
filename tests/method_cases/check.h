#pragma once

#include "method_cases/method_case.h"

namespace cucurbit::test {

/// Null if there is none.
const MethodCase* find_case(std::string_view name);

/// Compares the loss of a method and its gradient with its composed form, in double precision, on random logits.
void check_composed(const MethodCase& one, int64_t rows, int64_t classes);

}  // namespace cucurbit::test
