#pragma once

#include <vector>

#include "engine/tensor.h"

/// Channels are the last dimension of x [..., C]. Gradients flow through all of these; f32, bf16, f64. All throw Error
/// for shapes that do not fit.
namespace cucurbit {

/// [..., C_0], [..., C_1], ... -> [..., C_0 + C_1 + ...], in this order; at least one part, all of one type.
Tensor concat_channels(const std::vector<Tensor>& parts);

/// x[..., begin:end]
Tensor slice_channels(const Tensor& x, int64_t begin, int64_t end);

/// y[..., c groups + g] = x[..., g C / groups + c]: channel 0 of every group, then channel 1 of every group, and so on.
/// Zhang et al., ShuffleNet, CVPR 2018.
Tensor shuffle_channels(const Tensor& x, int groups);

/// y[..., 2 c] = a[..., c], y[..., 2 c + 1] = b[..., c]: shuffle_channels(concat_channels({a, b}), 2) in one pass over
/// the maps. a and b have the same shape and type.
Tensor interleave_channels(const Tensor& a, const Tensor& b);

}  // namespace cucurbit
