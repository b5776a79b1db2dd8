#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/train/fit.h"

namespace cucurbit {

/// metrics.csv: a heading and a row for each epoch, with a column for each term of a loss that has several, empty in
/// epochs without it; data_wait is
/// the share of training time that steps waited for images.
std::string metrics_csv(const std::vector<EpochReport>& epochs);

/// "class" and the class names, then a row for each true class: a count for each predicted one. Names are quoted where
/// they need it.
std::string confusion_csv(const Evaluation& evaluation, const std::vector<std::string>& class_names);

/// What TensorBoard shows of an epoch, by tag; tags begin with "LABEL/" unless `label` is empty.
std::vector<std::pair<std::string, double>> scalars_of(const EpochReport& report, const std::string& label);

}  // namespace cucurbit
