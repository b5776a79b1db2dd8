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

void add_reading(std::vector<MeterReading>& sum, const MeterReading& part) {
  const auto known =
      std::find_if(sum.begin(), sum.end(), [&](const MeterReading& reading) { return reading.name == part.name; });
  if (known == sum.end()) {
    sum.push_back(part);
    return;
  }
  const int64_t rows = known->rows + part.rows;
  if (rows > 0) known->mean = (known->mean * double(known->rows) + part.mean * double(part.rows)) / double(rows);
  known->rows = rows;
}

Meters::Totals Meters::take() {
  Totals totals{};
  counts_.copy_to_host(&totals.counts, sizeof totals.counts);
  std::vector<kernels::Meter> meters(kMostMeters);
  meters_.copy_to_host(meters.data(), meters.size() * sizeof(kernels::Meter));
  counts_.fill_zero();
  meters_.fill_zero();
  const auto read = [&](const std::string& name, double sum, int64_t rows) {
    if (rows > 0) totals.readings.push_back({name, sum / double(rows), rows});
  };
  if (shows_terms_) {
    read("task", totals.counts.task_sum, totals.counts.samples);
    read("distill", totals.counts.distill_sum, totals.counts.samples);
  }
  for (size_t i = 0; i < names_.size(); ++i) read(names_[i], meters[i].sum, meters[i].rows);
  return totals;
}

}  // namespace cucurbit
