#include "distill/run/results.h"

#include <nlohmann/json.hpp>

namespace cucurbit {

nlohmann::json summary_of(const Trained& trained) {
  nlohmann::json summary{{"model", trained.model},
                         {"parameters", trained.parameters},
                         {"test_accuracy", trained.test.top1},
                         {"test_errors", trained.test.errors},
                         {"epochs", trained.epochs},
                         {"seconds", trained.seconds},
                         {"weights", trained.weights.string()}};
  if (trained.data_wait) summary["data_wait"] = *trained.data_wait;
  if (!trained.digest.empty()) summary["digest"] = trained.digest;
  return summary;
}

nlohmann::json summary_of(const DistillationResult& result) {
  nlohmann::json summary{{"teacher", summary_of(result.teacher)}};
  if (result.student_alone) summary["student_alone"] = summary_of(*result.student_alone);
  summary["student_distilled"] = summary_of(result.student_distilled);
  return summary;
}

}  // namespace cucurbit
