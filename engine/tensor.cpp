#include "engine/tensor.h"

#include <fmt/format.h>

#include "engine/autograd.h"
#include "engine/runtime/check.h"
#include "engine/runtime/stream.h"
#include "kernels/error.h"

namespace cucurbit {

Tensor Tensor::empty(const Shape& shape, DType dtype) {
  const size_t bytes = size_t(shape.size()) * size_of(dtype);
  return view(std::make_shared<Storage>(Pool::current(), bytes), 0, shape, dtype);
}

Tensor Tensor::zeros(const Shape& shape, DType dtype) {
  Tensor made = empty(shape, dtype);
  made.fill_zero();
  return made;
}

Tensor Tensor::view(std::shared_ptr<Storage> storage, size_t offset, const Shape& shape, DType dtype) {
  Tensor made;
  made.storage_ = std::move(storage);
  made.offset_ = offset;
  made.shape_ = shape;
  made.dtype_ = dtype;
  if (offset + made.bytes() > made.storage_->bytes())
    throw Error(ErrorKind::bug, fmt::format("[tensor] view {} exceeds its storage of {} bytes", describe(made),
                                            made.storage_->bytes()));
  return made;
}

Tensor Tensor::reshape(const Shape& shape) const {
  if (shape.size() != size())
    throw Error(ErrorKind::input, fmt::format("[reshape] {} to {}: {} elements and {}: the sizes must be equal",
                                              describe(*this), to_string(shape), size(), shape.size()));
  Tensor made = *this;
  made.shape_ = shape;
  return made;
}

Tensor Tensor::slice(int64_t begin, int64_t end) const {
  if (rank() == 0 || begin < 0 || end < begin || end > dim(0))
    throw Error(ErrorKind::bug, fmt::format("[slice] there are no rows {}..{} in {}", begin, end, describe(*this)));
  std::vector<int64_t> dims = shape_.dims();
  const int64_t row = dims[0] == 0 ? 0 : size() / dims[0];
  dims[0] = end - begin;
  return view(storage_, offset_ + size_t(begin * row) * size_of(dtype_), Shape(dims), dtype_);
}

Tensor Tensor::detach() const {
  Tensor made = *this;
  made.gradient_ = nullptr;
  return made;
}

void Tensor::copy_from_host(const void* source, size_t count) const {
  if (count != bytes())
    throw Error(ErrorKind::bug,
                fmt::format("[tensor] cannot copy {} bytes into {} of {} bytes", count, describe(*this), bytes()));
  if (count == 0) return;
  check_cuda(cudaMemcpyAsync(raw(), source, count, cudaMemcpyHostToDevice, stream()), "copy to device");
  synchronize();
}

void Tensor::copy_to_host(void* target, size_t count) const {
  if (count == 0) return;
  check_cuda(cudaMemcpyAsync(target, raw(), count, cudaMemcpyDeviceToHost, stream()), "copy to host");
  synchronize();
}

void Tensor::fill_zero() const {
  if (size() > 0) check_cuda(cudaMemsetAsync(raw(), 0, bytes(), stream()), "zero");
}

Tensor Tensor::grad() const {
  if (!gradient_ || !gradient_->started)
    throw Error(ErrorKind::bug, fmt::format("[grad] {} has no gradient: run Tape::backward first", describe(*this)));
  return gradient_->value.reshape(shape_);
}

void Tensor::expect_dtype(DType expected) const {
  if (dtype_ != expected)
    throw Error(ErrorKind::bug, fmt::format("[tensor] {} accessed as {}", describe(*this), name(expected)));
}

void throw_unsupported_dtype(const char* op, DType dtype) {
  throw Error(ErrorKind::input,
              fmt::format("[{}] element type {} is not supported: use f32, bf16 or f64", op, name(dtype)));
}

std::string describe(const Tensor& tensor) {
  if (!tensor) return "an undefined tensor";
  return fmt::format("{} {}", name(tensor.dtype()), to_string(tensor.shape()));
}

}  // namespace cucurbit
