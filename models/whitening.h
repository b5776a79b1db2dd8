#pragma once

#include <vector>

#include "engine/data/device_set.h"

namespace cucurbit {

/// Filters [2 n, kernel, kernel, C], n = kernel^2 C, that whiten the patches of the first 5000 images, normalised as in
/// training: v_i / sqrt(lambda_i + 5e-4), where lambda_i are the eigenvalues, largest first, and v_i the unit
/// eigenvectors of the mean of p p^T over all patches p; then the same negated. The same images give the same bits.
std::vector<float> whitening_filters(const DeviceSet& images, int kernel);

}  // namespace cucurbit
