#pragma once

#include "cli/options/tables.h"
#include "cli/progress.h"

namespace cucurbit::cli {

/// What `eval` and `predict` share.
struct EvaluationArguments {
  EvaluationSpec spec;
  Math math = Math::vendor;
};

inline EvaluationRun prepare(const EvaluationArguments& arguments) {
  set_math_mode(arguments.math);
  EvaluationSpec spec = arguments.spec;
  // With --pretrained-path there are no weights to name, so that the first value by position is the data set.
  if (!spec.pretrained_path.empty() && !spec.weights.empty()) spec.data.data = spec.weights;
  return prepare_evaluation(spec, terminal_observer(/*quiet=*/false));
}

}  // namespace cucurbit::cli
