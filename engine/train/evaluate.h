#pragma once

#include <vector>

#include "engine/data/device_set.h"
#include "engine/nn/network.h"

namespace cucurbit {

struct Evaluation {
  int64_t samples = 0, errors = 0;
  double loss = 0;  // mean cross-entropy
  double top1 = 0, top5 = 0;
  /// [classes, classes]: images of the first index's class taken for the second's; empty above 4096 classes
  std::vector<int64_t> confusion;
};

struct EvaluationOptions {
  int64_t batch_size = 1000;
  bool flip = false;  // logits are the mean of those of the image and of its mirror image
};

/// Runs the network in inference mode over the whole set, in order. Throws Error input for a label outside the classes.
Evaluation evaluate(Network& network, const DeviceSet& data, const EvaluationOptions& options = {});

/// f32 (f64 for f64 networks) [count, classes]: the logits of every sample in order, on the device.
Tensor logits_of(Network& network, const DeviceSet& data, const EvaluationOptions& options = {});

/// What a confusion matrix says of one class. Shares of nothing are 0.
struct ClassReport {
  int64_t images = 0, correct = 0;
  double recall = 0;     // of its images, those recognised: the class's accuracy
  double precision = 0;  // of the images taken for it, those that are
};
std::vector<ClassReport> class_reports(const Evaluation& evaluation);

}  // namespace cucurbit
