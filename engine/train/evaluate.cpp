#include "engine/train/evaluate.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/ops/cross_entropy.h"
#include "engine/runtime/stream.h"
#include "kernels/accuracy.h"
#include "kernels/elementwise.h"
#include "kernels/error.h"
#include "kernels/metrics.h"
#include "kernels/mirror.h"

namespace cucurbit {

namespace {
constexpr int64_t kMostTabledClasses = 4096;  // a confusion matrix of 128 MiB

template <class T>
T read_counters(const Tensor& bytes) {
  T counters{};
  bytes.copy_to_host(&counters, sizeof counters);
  return counters;
}

Tensor mirrored(const Tensor& images) {
  const Tensor turned = Tensor::empty(images.shape(), images.dtype());
  dispatch_float(images.dtype(), "mirror", [&]<class T>(Type<T>) {
    kernels::mirror(images.data<T>(), turned.data<T>(), images.dim(0) * images.dim(1), images.dim(2), images.dim(3),
                    stream());
  });
  return turned;
}

/// f(From, To) with the pointers of two floating-point tensors.
template <class F>
void with_both(const Tensor& from, const Tensor& to, F&& f) {
  dispatch_float(from.dtype(), "logits", [&]<class From>(Type<From>) {
    dispatch_float(to.dtype(), "logits", [&]<class To>(Type<To>) { f(from.data<From>(), to.data<To>()); });
  });
}

/// The logits of a batch; with `flip`, averaged in the accumulator type over the images and their mirror images.
Tensor logits_of_batch(Network& network, const Tensor& images, bool flip) {
  const Tensor logits = network.forward(images);
  if (!flip) return logits;
  const DType wide = accumulator_of(logits.dtype());
  const Tensor result = Tensor::empty(logits.shape(), wide);
  with_both(logits, result, [&](auto* from, auto* to) { kernels::cast(from, to, result.size(), stream()); });
  with_both(network.forward(mirrored(images)), result,
            [&](auto* from, auto* to) { kernels::add_into(from, to, result.size(), stream()); });
  dispatch_float(wide, "logits", [&]<class A>(Type<A>) {
    kernels::scale(result.data<A>(), result.data<A>(), result.size(), 0.5, 0, false, stream());
  });
  return result;
}

/// Calls use(begin, logits, batch) for every batch of the set, in order.
template <class F>
void for_each_batch(Network& network, const DeviceSet& data, const EvaluationOptions& options, F&& use) {
  if (data.image_shape() != network.input())
    throw Error(ErrorKind::input, fmt::format("[evaluate] images {}: the network expects {}",
                                              to_string(data.image_shape()), to_string(network.input())));
  for (int64_t begin = 0; begin < data.count(); begin += options.batch_size) {
    const int64_t end = std::min(begin + options.batch_size, data.count());
    const Batch batch = data.range(begin, end, network.store().compute());
    use(begin, logits_of_batch(network, batch.images, options.flip), batch);
  }
}
}  // namespace

Evaluation evaluate(Network& network, const DeviceSet& data, const EvaluationOptions& options) {
  const Tensor metrics = Tensor::zeros({int64_t(sizeof(kernels::StepMetrics))}, DType::u8);
  const Tensor counts = Tensor::zeros({int64_t(sizeof(kernels::AccuracyCounts))}, DType::u8);
  const int64_t tabled = network.classes() <= kMostTabledClasses ? network.classes() : 0;
  const Tensor confusion = Tensor::zeros({tabled, tabled}, DType::i64);
  constexpr int kTop = 5;
  for_each_batch(network, data, options, [&](int64_t, const Tensor& logits, const Batch& batch) {
    cross_entropy(logits, batch.labels, {}, reinterpret_cast<kernels::StepMetrics*>(metrics.raw()));
    dispatch_float(logits.dtype(), "evaluate", [&]<class T>(Type<T>) {
      kernels::count_accuracy(logits.data<T>(), batch.labels.data<int32_t>(), logits.dim(0), int(logits.dim(1)), kTop,
                              reinterpret_cast<kernels::AccuracyCounts*>(counts.raw()),
                              tabled > 0 ? confusion.data<int64_t>() : nullptr, stream());
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
          .top5 = double(hits.top_k) / samples,
          .confusion = confusion.to_host<int64_t>()};
}

Tensor logits_of(Network& network, const DeviceSet& data, const EvaluationOptions& options) {
  const Tensor all = Tensor::empty({data.count(), network.classes()}, accumulator_of(network.store().compute()));
  for_each_batch(network, data, options, [&](int64_t begin, const Tensor& logits, const Batch&) {
    const Tensor rows = all.slice(begin, begin + logits.dim(0));
    with_both(logits, rows, [&](auto* from, auto* to) { kernels::cast(from, to, logits.size(), stream()); });
  });
  return all;
}

std::vector<ClassReport> class_reports(const Evaluation& evaluation) {
  size_t classes = 0;
  while (classes * classes < evaluation.confusion.size()) ++classes;
  std::vector<ClassReport> reports(classes);
  std::vector<int64_t> predictions(classes, 0);
  for (size_t actual = 0; actual < classes; ++actual)
    for (size_t predicted = 0; predicted < classes; ++predicted) {
      const int64_t count = evaluation.confusion[actual * classes + predicted];
      reports[actual].images += count;
      predictions[predicted] += count;
      if (actual == predicted) reports[actual].correct = count;
    }
  const auto share = [](int64_t part, int64_t whole) { return whole > 0 ? double(part) / double(whole) : 0; };
  for (size_t c = 0; c < classes; ++c) {
    reports[c].recall = share(reports[c].correct, reports[c].images);
    reports[c].precision = share(reports[c].correct, predictions[c]);
  }
  return reports;
}

}  // namespace cucurbit
