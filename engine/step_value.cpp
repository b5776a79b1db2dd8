#include "engine/step_value.h"

#include <fmt/format.h>

#include <cmath>

#include "kernels/error.h"

namespace cucurbit {

StepValue StepValue::table(const std::vector<double>& values, const StepState* state) {
  if (values.empty()) throw Error(ErrorKind::input, "[StepValue] a table without values: expected at least one");
  for (size_t step = 0; step < values.size(); ++step)
    if (!std::isfinite(values[step]))
      throw Error(ErrorKind::input,
                  fmt::format("[StepValue] {} at step {}: expected finite numbers", values[step], step));
  return {Tensor::from_host(values, {int64_t(values.size())}), state};
}

}  // namespace cucurbit
