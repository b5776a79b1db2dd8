#pragma once

// Element types of tensors and of the files that hold them.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cucurbit {

enum class DType : uint8_t { f32, bf16, f64, i32, i64, u8 };

/// Bytes of one element; 0 for a value outside the enumeration.
constexpr size_t size_of(DType type) noexcept {
  switch (type) {
    case DType::f32:
    case DType::i32:
      return 4;
    case DType::bf16:
      return 2;
    case DType::f64:
    case DType::i64:
      return 8;
    case DType::u8:
      return 1;
  }
  return 0;
}

/// The name used in messages and on the command line: "f32", "bf16", ...
constexpr std::string_view name(DType type) noexcept {
  switch (type) {
    case DType::f32:
      return "f32";
    case DType::bf16:
      return "bf16";
    case DType::f64:
      return "f64";
    case DType::i32:
      return "i32";
    case DType::i64:
      return "i64";
    case DType::u8:
      return "u8";
  }
  return "?";
}

}  // namespace cucurbit
