#include "distill/terms.h"

#include "engine/ops/elementwise.h"
#include "engine/ops/scale_by.h"
#include "kernels/error.h"

namespace cucurbit {

void Terms::add(const std::string& name, const Tensor& value, const StepValue& weight) {
  meters_.add(name, value, rows_);
  composed_ = true;
  add_weighted(scale_by(value, weight));
}

void Terms::add_fused(const Tensor& loss) { add_weighted(loss); }

void Terms::add_weighted(const Tensor& value) { sum_ = sum_ ? cucurbit::add(sum_, value) : value; }

Tensor Terms::total() {
  if (!sum_) throw Error(ErrorKind::bug, "[distill] the method added no term to its loss");
  if (composed_) meters_.add("loss", sum_, rows_);
  return sum_;
}

}  // namespace cucurbit
