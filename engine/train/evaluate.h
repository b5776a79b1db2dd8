#pragma once

#include <vector>

#include "engine/data/device_set.h"
#include "engine/nn/network.h"

namespace cucurbit {

struct Evaluation {
  int64_t samples = 0, errors = 0;
  double loss = 0;  // mean cross-entropy
  double top1 = 0, top5 = 0;
  /// [true class, predicted class]: numbers of images, row-major; empty above 4096 classes.
  std::vector<int64_t> confusion;
};

struct EvaluationOptions {
  int64_t batch_size = 1000;
  bool flip = false;  // average the logits of each image and of its mirror image
};

/// Runs the network in inference mode over the whole set, in order. Throws Error input for a label outside the classes.
Evaluation evaluate(Network& network, const DeviceSet& data, const EvaluationOptions& options = {});

/// f32 (f64 for f64 networks) [count, classes]: the logits of every sample in order, on the device.
Tensor logits_of(Network& network, const DeviceSet& data, const EvaluationOptions& options = {});

/// The results of one class. A ratio whose denominator is 0 is 0.
struct ClassReport {
  int64_t images = 0, correct = 0;
  double recall = 0;     // correct / images: the accuracy within the class
  double precision = 0;  // correct / images predicted to be of this class
};
/// One report per class, from the confusion matrix; empty if there is none.
std::vector<ClassReport> class_reports(const Evaluation& evaluation);

}  // namespace cucurbit
