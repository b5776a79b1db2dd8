#include "engine/step_schedule.h"

#include <fmt/format.h>

#include <cmath>

#include "kernels/error.h"

namespace cucurbit {

StepSchedule::StepSchedule(const std::vector<double>& values) {
  if (values.empty()) throw Error(ErrorKind::usage, "[schedule] no values: expected one for each step");
  for (size_t step = 0; step < values.size(); ++step)
    if (!std::isfinite(values[step]))
      throw Error(ErrorKind::usage,
                  fmt::format("[schedule] {} in step {}: expected finite numbers", values[step], step));
  table_ = Tensor::from_host(values, {int64_t(values.size())});
}

}  // namespace cucurbit
