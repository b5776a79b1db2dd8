#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include "report.h"

namespace lab {

/// An array in device memory, which is freed with the object. It converts to the pointer that a kernel takes. When
/// device memory is exhausted, the test ends with a finding.
template <class T>
class Array {
  static_assert(std::is_trivially_copyable_v<T>, "device arrays hold plain values");

 public:
  /// `size` elements with undefined contents.
  LAB_INLINE explicit Array(size_t size, Site site = Site::here()) : size_(size) {
    if (size != 0)
      detail::check(cudaMalloc(reinterpret_cast<void**>(&data_), bytes()),
                    "cudaMalloc of " + std::to_string(bytes()) + " bytes", site);
  }
  LAB_INLINE Array(const std::vector<T>& values, Site site = Site::here()) : Array(values.size(), site) {
    if (size_ == 0) return;
    detail::check(cudaMemcpy(data_, values.data(), bytes(), cudaMemcpyHostToDevice), "cudaMemcpy", site);
    // cudaMemcpy may return before the data has arrived, and non-blocking streams do not wait for it.
    detail::check(cudaDeviceSynchronize(), "waiting for the device", site);
  }
  Array(Array&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Array& operator=(Array&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Array() { cudaFree(data_); }

  operator T*() const { return data_; }
  T* data() const { return data_; }
  size_t size() const { return size_; }
  size_t bytes() const { return size_ * sizeof(T); }

  /// A copy of the contents, taken once the device has finished all its work.
  LAB_INLINE std::vector<T> host(Site site = Site::here()) const {
    std::vector<T> values(size_);
    detail::check(cudaDeviceSynchronize(), "waiting for the device", site);
    if (size_ != 0)
      detail::check(cudaMemcpy(values.data(), data_, bytes(), cudaMemcpyDeviceToHost), "cudaMemcpy", site);
    return values;
  }

 private:
  T* data_ = nullptr;
  size_t size_ = 0;
};

template <class T>
LAB_INLINE Array<T> zeros(size_t size, Site site = Site::here()) {
  return Array<T>(std::vector<T>(size), site);
}

/// 0, 1, 2, ...
template <class T>
LAB_INLINE Array<T> iota(size_t size, Site site = Site::here()) {
  std::vector<T> values(size);
  for (size_t i = 0; i < size; ++i) values[i] = static_cast<T>(i);
  return Array<T>(values, site);
}

/// Numbers that depend on `seed` alone, uniformly distributed in [low, high). By default floats lie in [0, 1) and
/// integers in [0, 256).
template <class T>
std::vector<T> random_values(size_t size, uint64_t seed = 1, double low = 0,
                             double high = std::is_integral_v<T> ? 256 : 1) {
  std::vector<T> values(size);
  for (T& value : values) {
    uint64_t bits = seed += 0x9e3779b97f4a7c15;  // splitmix64
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
    value = static_cast<T>(low + (high - low) * (double((bits ^ (bits >> 31)) >> 11) / double(uint64_t(1) << 53)));
  }
  return values;
}

/// random_values in device memory.
template <class T>
LAB_INLINE Array<T> random(size_t size, uint64_t seed = 1, double low = 0,
                           double high = std::is_integral_v<T> ? 256 : 1, Site site = Site::here()) {
  return Array<T>(random_values<T>(size, seed, low, high), site);
}

}  // namespace lab
