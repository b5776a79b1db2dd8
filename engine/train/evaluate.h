#pragma once

#include "engine/data/device_set.h"
#include "engine/nn/network.h"

namespace cucurbit {

struct Evaluation {
  int64_t samples = 0, errors = 0;
  double loss = 0;  // mean cross-entropy
  double top1 = 0, top5 = 0;
};

/// Runs the network in inference mode over the whole set, in order.
Evaluation evaluate(Network& network, const DeviceSet& data, int64_t batch_size = 1000);

/// f32 (f64 for f64 networks) [count, classes]: the logits of every sample in order, on the device.
Tensor logits_of(Network& network, const DeviceSet& data, int64_t batch_size = 1000);

}  // namespace cucurbit
