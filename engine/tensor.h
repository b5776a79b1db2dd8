#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/runtime/pool.h"
#include "engine/shape.h"
#include "kernels/dtype.h"
#include "kernels/types.h"

namespace cucurbit {

template <class T>
inline constexpr DType dtype_of = DType::f32;
template <>
inline constexpr DType dtype_of<bf16> = DType::bf16;
template <>
inline constexpr DType dtype_of<double> = DType::f64;
template <>
inline constexpr DType dtype_of<int32_t> = DType::i32;
template <>
inline constexpr DType dtype_of<int64_t> = DType::i64;
template <>
inline constexpr DType dtype_of<uint8_t> = DType::u8;

/// The type in which values of `dtype` are accumulated: f64 for f64, f32 for f32 and bf16.
constexpr DType accumulator_of(DType dtype) { return dtype == DType::f64 ? DType::f64 : DType::f32; }

struct Gradient;

/// A contiguous array in device memory. Copies share the memory and the gradient. reshape and slice are views.
class Tensor {
 public:
  Tensor() = default;  // undefined: no memory, operator bool is false

  /// Allocates memory from Pool::current() without initialising it.
  static Tensor empty(const Shape& shape, DType dtype);
  static Tensor zeros(const Shape& shape, DType dtype);
  /// A view of `storage` beginning at byte `offset`.
  static Tensor view(std::shared_ptr<Storage> storage, size_t offset, const Shape& shape, DType dtype);
  template <class T>
  static Tensor from_host(std::span<const T> values, const Shape& shape) {
    Tensor made = empty(shape, dtype_of<T>);
    made.copy_from_host(values.data(), values.size_bytes());
    return made;
  }
  template <class T>
  static Tensor from_host(const std::vector<T>& values, const Shape& shape) {
    return from_host(std::span<const T>(values), shape);
  }

  explicit operator bool() const { return storage_ != nullptr; }
  const Shape& shape() const { return shape_; }
  int64_t dim(int axis) const { return shape_[axis]; }
  int rank() const { return shape_.rank(); }
  int64_t size() const { return shape_.size(); }
  size_t bytes() const { return size_t(size()) * size_of(dtype_); }
  DType dtype() const { return dtype_; }

  /// Device address of the first element. Throws Error unless T is the element type.
  template <class T>
  T* data() const {
    expect_dtype(dtype_of<T>);
    return static_cast<T*>(raw());
  }
  void* raw() const { return storage_ ? static_cast<char*>(storage_->data()) + offset_ : nullptr; }

  /// The same elements under another shape of the same size; shares memory and gradient.
  Tensor reshape(const Shape& shape) const;
  /// Rows [begin, end) of the first dimension; shares memory. Not differentiable: the view has no gradient.
  Tensor slice(int64_t begin, int64_t end) const;
  /// The same memory without a gradient: no gradient flows back through it.
  Tensor detach() const;

  /// The values on the host; waits for the device.
  template <class T>
  std::vector<T> to_host() const {
    expect_dtype(dtype_of<T>);
    std::vector<T> values(size());
    copy_to_host(values.data(), bytes());
    return values;
  }
  /// Both copy `bytes` bytes and wait for the copy. copy_from_host throws Error bug unless that is the tensor's size.
  void copy_from_host(const void* source, size_t bytes) const;
  void copy_to_host(void* target, size_t bytes) const;
  void fill_zero() const;

  /// Gradient state shared by all copies and reshapes of this tensor; null where nothing needs its gradient.
  const std::shared_ptr<Gradient>& gradient() const { return gradient_; }
  void set_gradient(std::shared_ptr<Gradient> gradient) { gradient_ = std::move(gradient); }
  /// The gradient computed by Tape::backward, in this tensor's shape. Throws Error if there is none.
  Tensor grad() const;

  /// True if no other tensor shares the memory.
  bool sole_owner() const { return storage_.use_count() == 1; }

 private:
  void expect_dtype(DType expected) const;

  std::shared_ptr<Storage> storage_;
  size_t offset_ = 0;
  Shape shape_;
  DType dtype_ = DType::f32;
  std::shared_ptr<Gradient> gradient_;
};

/// Copies plain structs to the device as a u8 tensor: tables and counters that kernels read.
template <class T>
Tensor bytes_on_device(std::span<const T> values) {
  const auto* first = reinterpret_cast<const uint8_t*>(values.data());
  return Tensor::from_host(std::span(first, values.size_bytes()), {int64_t(values.size_bytes())});
}

/// Carries a type into a generic lambda.
template <class T>
struct Type {};

[[noreturn]] void throw_unsupported_dtype(const char* op, DType dtype);

/// Calls f(Type<T>{}) with the C++ type of a floating-point `dtype`; throws Error naming `op` for any other.
template <class F>
auto dispatch_float(DType dtype, const char* op, F&& f) {
  switch (dtype) {
    case DType::f32:
      return f(Type<float>{});
    case DType::bf16:
      return f(Type<bf16>{});
    case DType::f64:
      return f(Type<double>{});
    default:
      throw_unsupported_dtype(op, dtype);
  }
}

/// "f32 [128,10]", for messages.
std::string describe(const Tensor& tensor);

}  // namespace cucurbit
