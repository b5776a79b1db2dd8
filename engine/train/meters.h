#pragma once

#include <string>
#include <vector>

#include "engine/tensor.h"
#include "kernels/metrics.h"

namespace cucurbit {

/// What one meter shows: the mean over the rows since the last look.
struct MeterReading {
  std::string name;
  double mean = 0;
};

/// Means of what steps compute, kept in device memory so that the host need not wait for each step. A step adds to them
/// under a name; columns of metrics.csv, TensorBoard scalars and the progress line follow by themselves.
class Meters {
 public:
  Meters();

  /// Where losses on labels count the loss, samples, correct answers and what was wrong (kernels/metrics.h).
  kernels::StepMetrics* counts() const { return reinterpret_cast<kernels::StepMetrics*>(counts_.raw()); }

  /// Queues the addition of `mean`, a scalar of type f32 or f64, which is a mean over `rows` rows, to the meter `name`.
  /// The meter "loss" stands for the loss where no loss on labels counts the whole of it. May be captured. Throws Error
  /// bug for more than 64 names.
  void add(const std::string& name, const Tensor& mean, int64_t rows);

  /// From now on readings hold the two terms of distill_logits as "task" and "distill"; it counts them in counts().
  void show_terms() { shows_terms_ = true; }

  /// Waits, and begins anew. `readings` are in the order in which the names were first used; terms come first.
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
