#pragma once

// NPY version 1.0, NumPy's format of one array. https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
//
// Element types f32, f64, i32, i64, u8 (`<f4`, `<f8`, `<i4`, `<i8`, `|u1`), little-endian, C order.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "kernels/dtype.h"

namespace cucurbit {

struct NpyArray {
  DType dtype = DType::f32;
  std::vector<int64_t> shape;   ///< empty for a single value
  std::vector<std::byte> data;  ///< row-major, product(shape) * size_of(dtype) bytes
};

/// Writes through AtomicFile. `data` holds product(shape) * size_of(dtype) bytes. Throws Error(bug) for another size
/// and for a type that NPY does not have (bf16); Error(io) if the file cannot be written.
void write_npy(const std::filesystem::path& path, DType dtype, std::span<const int64_t> shape,
               std::span<const std::byte> data);

/// Throws Error(io) for a missing or unreadable file, Error(input) for any other type, order or version, a broken
/// header, or a size that does not fit the shape. Messages name the file.
NpyArray read_npy(const std::filesystem::path& path);

}  // namespace cucurbit
