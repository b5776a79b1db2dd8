#pragma once

#include <oneapi/dnnl/dnnl.hpp>
#include <string_view>

/// Covers the differences between the C++ interfaces of oneDNN 2 and 3.

namespace softgpu::onednn {

inline const dnnl::engine& engine() {
  static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

/// Describes a primitive that needs no hint. `args` are the arguments of the operation, which both versions share.
template <class Primitive, class... Args>
typename Primitive::primitive_desc describe(const dnnl::primitive_attr& attributes, const Args&... args) {
#if DNNL_VERSION_MAJOR >= 3
  return typename Primitive::primitive_desc(engine(), args..., attributes);
#else
  return typename Primitive::primitive_desc(typename Primitive::desc(args...), attributes, engine());
#endif
}

/// Describes a backward primitive of the layer that `forward` describes.
template <class Primitive, class Forward, class... Args>
typename Primitive::primitive_desc describe_backward(const Forward& forward, const Args&... args) {
#if DNNL_VERSION_MAJOR >= 3
  return typename Primitive::primitive_desc(engine(), args..., forward);
#else
  return typename Primitive::primitive_desc(typename Primitive::desc(args...), engine(), forward);
#endif
}

/// False for the reference implementations, which are a thousand times slower.
template <class PrimitiveDesc>
bool is_optimized(const PrimitiveDesc& desc) {
  return std::string_view(desc.impl_info_str()).find("ref") == std::string_view::npos;
}

inline void append_relu(dnnl::post_ops& operations) {
#if DNNL_VERSION_MAJOR >= 3
  operations.append_eltwise(dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
#else
  operations.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
#endif
}

}  // namespace softgpu::onednn
