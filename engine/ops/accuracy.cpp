#include "engine/ops/accuracy.h"

#include <fmt/format.h>

#include "engine/ops/logit_loss.h"
#include "kernels/accuracy.h"
#include "kernels/error.h"

namespace cucurbit {

Tensor argmax(const Tensor& logits) {
  check_logits_and_labels("argmax", logits, {});
  Tensor index = Tensor::empty({logits.dim(0)}, DType::i32);
  dispatch_float(logits.dtype(), "argmax", [&]<class T>(Type<T>) {
    kernels::argmax(logits.data<T>(), index.data<int32_t>(), logits.dim(0), int(logits.dim(1)), stream());
  });
  return index;
}

Accuracy::Accuracy(int k) : k_(k), counts_(Tensor::zeros({int64_t(sizeof(kernels::AccuracyCounts))}, DType::u8)) {
  if (k < 1) throw Error(ErrorKind::input, fmt::format("[accuracy] top {}: expected at least 1", k));
}

void Accuracy::add(const Tensor& logits, const Tensor& labels) {
  if (!labels) throw Error(ErrorKind::input, "[accuracy] labels are undefined: give i32 [samples]");
  check_logits_and_labels("accuracy", logits, labels);
  dispatch_float(logits.dtype(), "accuracy", [&]<class T>(Type<T>) {
    kernels::count_accuracy(logits.data<T>(), labels.data<int32_t>(), logits.dim(0), int(logits.dim(1)), k_,
                            static_cast<kernels::AccuracyCounts*>(counts_.raw()), nullptr, stream());
  });
}

Accuracy::Counts Accuracy::take() {
  kernels::AccuracyCounts counts{};
  counts_.copy_to_host(&counts, sizeof counts);
  counts_.fill_zero();
  return {counts.rows, counts.top1, counts.top_k};
}

Tensor confusion_matrix(const Tensor& predicted, const Tensor& labels, int classes) {
  if (classes < 1 || !predicted || !labels || predicted.dtype() != DType::i32 || labels.dtype() != DType::i32 ||
      predicted.rank() != 1 || predicted.shape() != labels.shape())
    throw Error(ErrorKind::input,
                fmt::format("[confusion_matrix] predicted {}, labels {}, {} classes: expected i32 [N] twice",
                            describe(predicted), describe(labels), classes));
  Tensor matrix = Tensor::zeros({classes, classes}, DType::i64);
  kernels::count_confusion(predicted.data<int32_t>(), labels.data<int32_t>(), predicted.size(), classes,
                           matrix.data<int64_t>(), stream());
  return matrix;
}

}  // namespace cucurbit
