#include "engine/train/evaluate.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/ops/cross_entropy.h"
#include "engine/runtime/stream.h"
#include "kernels/accuracy.h"
#include "kernels/elementwise.h"
#include "kernels/error.h"
#include "kernels/metrics.h"

namespace cucurbit {

namespace {
template <class T>
T read_counters(const Tensor& bytes) {
  T counters{};
  bytes.copy_to_host(&counters, sizeof counters);
  return counters;
}

/// Calls use(begin, logits, batch) for every batch of the set, in order.
template <class F>
void for_each_batch(Network& network, const DeviceSet& data, int64_t batch_size, F&& use) {
  if (data.image_shape() != network.input())
    throw Error(ErrorKind::input, fmt::format("[evaluate] images {} for a network of {}", to_string(data.image_shape()),
                                              to_string(network.input())));
  for (int64_t begin = 0; begin < data.count(); begin += batch_size) {
    const Batch batch = data.range(begin, std::min(begin + batch_size, data.count()), network.arena().compute());
    use(begin, network.forward(batch.images), batch);
  }
}
}  // namespace

Evaluation evaluate(Network& network, const DeviceSet& data, int64_t batch_size) {
  const Tensor metrics = Tensor::zeros({int64_t(sizeof(kernels::StepMetrics))}, DType::u8);
  const Tensor counts = Tensor::zeros({int64_t(sizeof(kernels::AccuracyCounts))}, DType::u8);
  constexpr int kTop = 5;
  for_each_batch(network, data, batch_size, [&](int64_t, const Tensor& logits, const Batch& batch) {
    cross_entropy(logits, batch.labels, {}, reinterpret_cast<kernels::StepMetrics*>(metrics.raw()));
    dispatch_float(logits.dtype(), "evaluate", [&]<class T>(Type<T>) {
      kernels::count_accuracy(logits.data<T>(), batch.labels.data<int32_t>(), logits.dim(0), int(logits.dim(1)), kTop,
                              reinterpret_cast<kernels::AccuracyCounts*>(counts.raw()), stream());
    });
  });
  const auto sums = read_counters<kernels::StepMetrics>(metrics);
  const auto hits = read_counters<kernels::AccuracyCounts>(counts);
  if (hits.skipped > 0)
    throw Error(ErrorKind::input,
                fmt::format("[evaluate] label {} outside 0..{} ({} such labels): correct the label file",
                            sums.bad_label, network.classes() - 1, hits.skipped));
  const double samples = double(std::max<int64_t>(hits.rows, 1));
  return {.samples = hits.rows,
          .errors = hits.rows - hits.top1,
          .loss = sums.loss_sum / samples,
          .top1 = double(hits.top1) / samples,
          .top5 = double(hits.top_k) / samples};
}

Tensor logits_of(Network& network, const DeviceSet& data, int64_t batch_size) {
  const Tensor all = Tensor::empty({data.count(), network.classes()}, accumulator_of(network.arena().compute()));
  for_each_batch(network, data, batch_size, [&](int64_t begin, const Tensor& logits, const Batch&) {
    const Tensor rows = all.slice(begin, begin + logits.dim(0));
    dispatch_float(all.dtype(), "logits", [&]<class To>(Type<To>) {
      dispatch_float(logits.dtype(), "logits", [&]<class From>(Type<From>) {
        kernels::cast(logits.data<From>(), rows.data<To>(), logits.size(), stream());
      });
    });
  });
  return all;
}

}  // namespace cucurbit
