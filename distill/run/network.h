#pragma once

#include "distill/run/data.h"
#include "models/load_network.h"

namespace cucurbit {

/// The network that `spec` asks for, for these images and classes, with pretrained weights if it asks for these. Warns
/// if the classifier was none of them.
Network make_network(const RunSpec& spec, const RunData& data, const RunObserver& observer);

}  // namespace cucurbit
