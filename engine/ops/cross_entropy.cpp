#include "engine/ops/cross_entropy.h"

#include <fmt/format.h>

#include <limits>

#include "engine/ops/logit_loss.h"
#include "kernels/error.h"
#include "kernels/loss/cross_entropy.h"

namespace cucurbit {

void check_logits_and_labels(const char* op, const Tensor& logits, const Tensor& labels) {
  if (!logits || logits.rank() != 2 || logits.dim(1) < 1 || logits.dim(1) > std::numeric_limits<int>::max())
    throw Error(ErrorKind::input, fmt::format("[{}] logits {}: expected [samples, classes]", op, describe(logits)));
  if (labels && (labels.dtype() != DType::i32 || labels.shape() != Shape{logits.dim(0)}))
    throw Error(ErrorKind::input, fmt::format("[{}] labels {} for logits {}: expected i32 [{}]", op, describe(labels),
                                              describe(logits), logits.dim(0)));
}

kernels::SecondLabels second_labels(const char* op, const Tensor& labels, const SecondLabels& second) {
  if (!second) return {};
  if (!labels || second.labels.dtype() != DType::i32 || second.labels.shape() != labels.shape() || !second.weight ||
      second.weight.dtype() != DType::f32 || second.weight.size() != 1)
    throw Error(ErrorKind::input,
                fmt::format("[{}] second labels {} of weight {} for labels {}: expected the same shape and "
                            "one f32",
                            op, describe(second.labels), describe(second.weight), describe(labels)));
  return {second.labels.data<int32_t>(), second.weight.data<float>()};
}

Tensor cross_entropy(const Tensor& logits, const Tensor& labels, const CrossEntropyOptions& options,
                     kernels::StepMetrics* metrics) {
  check_logits_and_labels("cross_entropy", logits, labels);
  if (!labels) throw Error(ErrorKind::input, "[cross_entropy] labels are undefined: expected i32 [samples]");
  if (!(options.label_smoothing >= 0 && options.label_smoothing <= 1))
    throw Error(ErrorKind::input,
                fmt::format("[cross_entropy] label smoothing {}: expected 0 to 1", options.label_smoothing));
  const kernels::SecondLabels second = second_labels("cross_entropy", labels, options.second);
  return logit_loss("cross_entropy", logits, metrics,
                    [&]<class T>(Type<T>, const kernels::LogitLossOutputs<T>& outputs) {
                      kernels::cross_entropy(logits.data<T>(), labels.data<int32_t>(), second, logits.dim(0),
                                             int(logits.dim(1)), options.label_smoothing, outputs, stream());
                    });
}

}  // namespace cucurbit
