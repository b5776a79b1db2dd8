#include "cudnn_plans.h"

#include <cstring>
#include <utility>
#include <vector>

// Measured with oneDNN 2.6 on Zen 4, GFLOP/s of one core, 3x3 at batch 128, reorder of the filter (1-20 us) included:
//
//                        fp32: forward   data  filter | bf16: forward   data  filter
//   28x28x1  ->  32                 66      7     112 |            71     15     120
//   28x28x32 ->  32                111    113     119 |           222    235     192
//   14x14x32 ->  64                110    126     123 |           242    241     188
//   14x14x64 ->  64                118    125     122 |           249    240     186
//   32x32x16 ->  16                104    114     105 |           209    212     165
//   16x16x32 ->  32                113    106     109 |           237    256     190
//    8x8x64  ->  64                129    131     124 |           262    245     168
//
// All are vectorised implementations (brgconv, jit) that read NHWC tensors without a reorder. If the filter stays in
// KRSC too, oneDNN has only its reference code, a thousand times slower; a blocked filter costs a reorder of a few
// microseconds.

namespace softgpu::cudnn {
namespace {

using onednn::Access;
using onednn::is_optimized;
using onednn::Operand;
using onednn::Plan;
using onednn::PlanCache;
using onednn::PlanKey;
using Desc = dnnl::memory::desc;
using Dims = dnnl::memory::dims;
using Tag = dnnl::memory::format_tag;
using Type = dnnl::memory::data_type;

constexpr auto kDirect = dnnl::algorithm::convolution_direct;

PlanKey key_of(int64_t operation, const Convolution& c, const PlanOptions& options) {
  const int64_t flags = options.accumulate | options.bias << 1 | options.relu << 2 | options.float_output << 3;
  return {operation, flags, c.type,  c.n,     c.h,        c.w,        c.c,          c.k,          c.r,     c.s,
          c.p,       c.q,   c.pad_h, c.pad_w, c.stride_h, c.stride_w, c.dilation_h, c.dilation_w, c.groups};
}

/// The operands as oneDNN describes them: in the caller's layouts (outer), and in those requested of oneDNN (asked).
struct Layer {
  struct Sides {
    Desc outer, asked;
  };
  Sides x, filter, y;
  Dims strides, dilations, pad;

  /// With `free` oneDNN also chooses the layouts of x and y; it always chooses that of the filter.
  Layer(const Convolution& c, Type x_type, Type filter_type, Type y_type, bool free)
      : strides{c.stride_h, c.stride_w}, dilations{c.dilation_h - 1, c.dilation_w - 1}, pad{c.pad_h, c.pad_w} {
    const auto sides = [](const Dims& dims, Type type, Tag given, bool any) {
      return Sides{Desc(dims, type, given), Desc(dims, type, any ? Tag::any : given)};
    };
    const Dims plain{c.k, c.c, c.r, c.s}, grouped{c.groups, c.k / c.groups, c.c / c.groups, c.r, c.s};
    x = sides({c.n, c.c, c.h, c.w}, x_type, Tag::nhwc, free);
    filter = c.groups == 1 ? sides(plain, filter_type, Tag::ohwi, true) : sides(grouped, filter_type, Tag::gohwi, true);
    y = sides({c.n, c.k, c.p, c.q}, y_type, Tag::nhwc, free);
  }
};

Type input_type(const Convolution& conv) { return conv.type == CUDNN_DATA_FLOAT ? Type::f32 : Type::bf16; }

Type output_type(const Convolution& conv, const PlanOptions& options) {
  return options.float_output ? Type::f32 : input_type(conv);
}

/// The forward primitive of a layer, which the backward ones take as a hint.
dnnl::convolution_forward::primitive_desc forward_desc(const Layer& l) {
  return onednn::describe<dnnl::convolution_forward>(dnnl::primitive_attr(), dnnl::prop_kind::forward_training, kDirect,
                                                     l.x.asked, l.filter.asked, l.y.asked, l.strides, l.dilations,
                                                     l.pad, l.pad);
}

/// Makes a plan on NHWC tensors or, where oneDNN has only its reference code for them, on layouts of its choice.
template <class Make>
Plan make_plan(Make make) {
  std::pair<bool, Plan> in_place = make(false);
  return in_place.first ? std::move(in_place.second) : make(true).second;
}

/// Whether a filter offset meets a pixel for at least one of the `out` results along a dimension of `in` pixels.
bool meets_map(int64_t offset, int64_t dilation, int64_t pad, int64_t stride, int64_t in, int64_t out) {
  for (int64_t at = offset * dilation - pad; out > 0; at += stride, --out)
    if (at >= 0 && at < in) return true;
  return false;
}

}  // namespace

std::shared_ptr<const Plan> forward_plan(const Convolution& conv, const PlanOptions& options) {
  return PlanCache::instance().get(key_of('f', conv, options), [&] {
    return make_plan([&](bool free) {
      const Layer l(conv, input_type(conv), input_type(conv), output_type(conv, options), free);
      dnnl::post_ops operations;
      if (options.accumulate) operations.append_sum();
      if (options.relu) onednn::append_relu(operations);
      dnnl::primitive_attr attributes;
      attributes.set_post_ops(operations);
      const Desc bias = options.bias ? Desc({conv.k}, input_type(conv), Tag::a) : Desc();
      const auto desc = onednn::describe<dnnl::convolution_forward>(attributes, dnnl::prop_kind::forward_training,
                                                                    kDirect, l.x.asked, l.filter.asked, bias, l.y.asked,
                                                                    l.strides, l.dilations, l.pad, l.pad);
      std::vector<Operand> operands{
          {DNNL_ARG_SRC, l.x.outer, desc.src_desc(), Access::kRead},
          {DNNL_ARG_WEIGHTS, l.filter.outer, desc.weights_desc(), Access::kRead},
          {DNNL_ARG_DST, l.y.outer, desc.dst_desc(), options.accumulate ? Access::kUpdate : Access::kWrite}};
      if (options.bias) operands.push_back({DNNL_ARG_BIAS, bias, bias, Access::kRead});
      return std::pair(is_optimized(desc), Plan(dnnl::convolution_forward(desc), std::move(operands)));
    });
  });
}

std::shared_ptr<const Plan> backward_data_plan(const Convolution& conv, const PlanOptions& options) {
  return PlanCache::instance().get(key_of('d', conv, options), [&] {
    return make_plan([&](bool free) {
      const Layer hint(conv, input_type(conv), input_type(conv), input_type(conv), free);
      const Layer l(conv, output_type(conv, options), input_type(conv), input_type(conv), free);
      const auto desc = onednn::describe_backward<dnnl::convolution_backward_data>(
          forward_desc(hint), kDirect, l.x.asked, l.filter.asked, l.y.asked, l.strides, l.dilations, l.pad, l.pad);
      return std::pair(is_optimized(desc),
                       Plan(dnnl::convolution_backward_data(desc),
                            {{DNNL_ARG_DIFF_DST, l.y.outer, desc.diff_dst_desc(), Access::kRead},
                             {DNNL_ARG_WEIGHTS, l.filter.outer, desc.weights_desc(), Access::kRead},
                             {DNNL_ARG_DIFF_SRC, l.x.outer, desc.diff_src_desc(), Access::kWrite}}));
    });
  });
}

std::shared_ptr<const Plan> backward_filter_plan(const Convolution& conv, const PlanOptions& options) {
  return PlanCache::instance().get(key_of('w', conv, options), [&] {
    return make_plan([&](bool free) {
      const Layer hint(conv, input_type(conv), input_type(conv), input_type(conv), free);
      const Layer l(conv, input_type(conv), output_type(conv, options), input_type(conv), free);
      const auto desc = onednn::describe_backward<dnnl::convolution_backward_weights>(
          forward_desc(hint), kDirect, l.x.asked, l.filter.asked, l.y.asked, l.strides, l.dilations, l.pad, l.pad);
      return std::pair(is_optimized(desc),
                       Plan(dnnl::convolution_backward_weights(desc),
                            {{DNNL_ARG_SRC, l.x.outer, desc.src_desc(), Access::kRead},
                             {DNNL_ARG_DIFF_DST, l.y.outer, desc.diff_dst_desc(), Access::kRead},
                             {DNNL_ARG_DIFF_WEIGHTS, l.filter.outer, desc.diff_weights_desc(), Access::kWrite}}));
    });
  });
}

std::function<void()> with_unseen_offsets(std::function<void()> product, const Convolution& c, void* out, size_t size) {
  std::vector<int64_t> unseen;  // r * S + s
  for (int64_t offset = 0; offset < c.r * c.s; ++offset)
    if (!meets_map(offset / c.s, c.dilation_h, c.pad_h, c.stride_h, c.h, c.p) ||
        !meets_map(offset % c.s, c.dilation_w, c.pad_w, c.stride_w, c.w, c.q))
      unseen.push_back(offset);
  if (unseen.empty()) return product;
  const int64_t offsets = c.r * c.s, k = c.k;
  const size_t bytes = static_cast<size_t>(c.c / c.groups) * size;
  return [=, product = std::move(product), out = static_cast<std::byte*>(out), unseen = std::move(unseen)] {
    product();
    for (int64_t filter = 0; filter < k; ++filter)
      for (const int64_t offset : unseen)
        std::memset(out + static_cast<size_t>(filter * offsets + offset) * bytes, 0, bytes);
  };
}

}  // namespace softgpu::cudnn
