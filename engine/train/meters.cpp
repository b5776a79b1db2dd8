#include "engine/train/meters.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/runtime/stream.h"
#include "kernels/error.h"
#include "kernels/meter.h"

namespace cucurbit {

namespace {
constexpr size_t kMostMeters = 64;
}

Meters::Meters()
    : counts_(Tensor::zeros({int64_t(sizeof(kernels::StepMetrics))}, DType::u8)),
      meters_(Tensor::zeros({int64_t(kMostMeters * sizeof(kernels::Meter))}, DType::u8)) {}

void Meters::add(const std::string& name, const Tensor& mean, int64_t rows) {
  const auto known = std::find(names_.begin(), names_.end(), name);
  const auto slot = size_t(known - names_.begin());
  if (known == names_.end()) {
    if (names_.size() == kMostMeters)
      throw Error(ErrorKind::bug,
                  fmt::format("[meters] '{}': there are already {} meters, the most possible", name, kMostMeters));
    names_.push_back(name);
  }
  auto* const meter = reinterpret_cast<kernels::Meter*>(meters_.raw()) + slot;
  if (mean.dtype() == DType::f64)
    kernels::add_to_meter(mean.data<double>(), rows, meter, stream());
  else
    kernels::add_to_meter(mean.data<float>(), rows, meter, stream());
}

Meters::Totals Meters::take() {
  Totals totals{};
  counts_.copy_to_host(&totals.counts, sizeof totals.counts);
  std::vector<kernels::Meter> meters(kMostMeters);
  meters_.copy_to_host(meters.data(), meters.size() * sizeof(kernels::Meter));
  counts_.fill_zero();
  meters_.fill_zero();
  const double samples = double(std::max<int64_t>(totals.counts.samples, 1));
  if (shows_terms_)
    totals.readings = {{"task", totals.counts.task_sum / samples}, {"distill", totals.counts.distill_sum / samples}};
  for (size_t i = 0; i < names_.size(); ++i)
    totals.readings.push_back({names_[i], meters[i].sum / double(std::max<int64_t>(meters[i].rows, 1))});
  return totals;
}

}  // namespace cucurbit
