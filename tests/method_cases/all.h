#pragma once

#include <string_view>
#include <vector>

#include "method_cases/ce.h"
#include "method_cases/kd.h"

namespace cucurbit::test {

inline const std::vector<MethodCase>& method_cases() {
  static const std::vector<MethodCase> kCases = {kd_case(), ce_case()};
  return kCases;
}

/// Null if there is none.
const MethodCase* find_case(std::string_view name);

/// Compares the loss of a method and its gradient with its composed form, in double precision, on random logits.
void check_composed(const MethodCase& one, int64_t rows, int64_t classes);

}  // namespace cucurbit::test
