#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace cucurbit {

/// Sizes of a tensor's dimensions, slowest first; at most six. Throws Error for a negative size or a product that
/// overflows 63 bits.
class Shape {
 public:
  Shape() = default;  // a scalar: one element
  Shape(std::initializer_list<int64_t> dims) : Shape(std::span(dims.begin(), dims.size())) {}
  explicit Shape(std::span<const int64_t> dims);

  int rank() const { return rank_; }
  int64_t size() const { return size_; }
  /// Size of dimension `axis`; negative axes count from the last.
  int64_t operator[](int axis) const;
  std::vector<int64_t> dims() const { return {dims_.begin(), dims_.begin() + rank_}; }
  bool operator==(const Shape&) const = default;

 private:
  std::array<int64_t, 6> dims_{};
  int rank_ = 0;
  int64_t size_ = 1;
};

/// "[128,28,28,1]"
std::string to_string(const Shape& shape);

}  // namespace cucurbit
