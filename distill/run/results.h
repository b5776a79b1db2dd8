#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "engine/train/evaluate.h"

namespace cucurbit {

/// A trained network and what is reported of it.
struct Trained {
  std::string model;
  int64_t parameters = 0, epochs = 0;
  double seconds = 0;
  std::optional<double> data_wait = {};  // share of the time of training steps in which they waited for images
  Evaluation validation, test;           // samples 0 where there is no such set
  std::filesystem::path weights;
  std::string digest = {};  // of a teacher: checksum of its weights (ParameterStore::digest)
};

struct TrainingResult {
  Trained network;
  std::filesystem::path folder;  // of the run
};

struct DistillationResult {
  Trained teacher;  // as it was trained, measured on this run's test set
  std::optional<Trained> student_alone;
  Trained student_distilled;
  std::filesystem::path folder;
};

/// {"model", "parameters", "test_accuracy", "test_errors", "epochs", "seconds", "weights"}, and "data_wait" and
/// "digest" where there is one.
nlohmann::json summary_of(const Trained& trained);
/// {"teacher", "student_alone", "student_distilled"}, each as above; "student_alone" where there is one.
nlohmann::json summary_of(const DistillationResult& result);

}  // namespace cucurbit
