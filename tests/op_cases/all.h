#pragma once

#include "op_cases/activation.h"
#include "op_cases/batch_norm.h"
#include "op_cases/bias.h"
#include "op_cases/channels.h"
#include "op_cases/conv2d.h"
#include "op_cases/conv_norm.h"
#include "op_cases/cross_entropy.h"
#include "op_cases/distill_logits.h"
#include "op_cases/dropout.h"
#include "op_cases/elementwise.h"
#include "op_cases/gemm.h"
#include "op_cases/linear.h"
#include "op_cases/pooling.h"
#include "op_cases/reduction.h"
#include "op_cases/scale_by.h"
#include "op_cases/softmax.h"

namespace cucurbit::test {

/// The cases of every family of ops. A new family is included above and gets a line here.
inline const std::vector<OpCase>& op_cases() {
  static const std::vector<OpCase> kCases = [] {
    std::vector<OpCase> all;
    for (const auto& family :
         {activation_cases, batch_norm_cases, bias_cases, channel_cases, conv2d_cases, conv_norm_cases,
          cross_entropy_cases, distill_cases, dropout_cases, unary_cases, binary_cases, cast_cases, layout_cases,
          gemm_cases, linear_cases, pooling_cases, reduction_cases, scale_by_cases, softmax_cases})
      for (OpCase& op : family()) all.push_back(std::move(op));
    return all;
  }();
  return kCases;
}

}  // namespace cucurbit::test
