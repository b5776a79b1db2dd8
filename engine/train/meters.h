#pragma once

#include <string>
#include <vector>

#include "engine/tensor.h"
#include "kernels/metrics.h"

namespace cucurbit {

/// The reading of one meter: the mean over the rows that were added since the last reading.
struct MeterReading {
  std::string name;
  double mean = 0;
};

/// Means of what steps compute, kept in device memory so that the host need not wait for each step. A step adds to a
/// meter by name; the columns of metrics.csv, the TensorBoard scalars and the progress line contain every meter.
class Meters {
 public:
  Meters();

  /// The counters to which losses on labels add the loss, samples, correct answers and invalid values
  /// (kernels/metrics.h).
  kernels::StepMetrics* counts() const { return reinterpret_cast<kernels::StepMetrics*>(counts_.raw()); }

  /// Queues the addition of `mean`, a scalar of type f32 or f64, which is a mean over `rows` rows, to the meter `name`.
  /// The meter "loss" takes the place of the loss in counts(), for steps whose total loss is not counted there. May be
  /// captured. Throws Error bug for more than 64 names.
  void add(const std::string& name, const Tensor& mean, int64_t rows);

  /// From now on readings contain the two terms that distill_logits adds to counts(), as "task" and "distill".
  void show_terms() { shows_terms_ = true; }

  /// Waits for the device, reads the meters and resets them. `readings` are in the order in which the names were first
  /// used; the two terms come first.
  struct Totals {
    kernels::StepMetrics counts;
    std::vector<MeterReading> readings;
  };
  Totals take();

 private:
  Tensor counts_;  // one kernels::StepMetrics
  Tensor meters_;  // kernels::Meter of each name
  std::vector<std::string> names_;
  bool shows_terms_ = false;
};

}  // namespace cucurbit
