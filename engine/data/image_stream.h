#pragma once

#include <cuda_runtime.h>

#include <array>
#include <cstdint>
#include <span>

#include "engine/tensor.h"

namespace cucurbit {

/// Brings images from host memory to the device while other work runs there: two slots, each a buffer of pinned host
/// memory and one of the device, filled by a stream of their own. That stream waits for stream() before it overwrites a
/// slot, and stream() for it before a slot is read; the host waits for a slot's last copy before it fills the pinned
/// buffer again, so it is at most two batches ahead.
class ImageStream {
 public:
  /// `images` [count, bytes of an image], which must outlive this; a slot holds `capacity` of them.
  ImageStream(std::span<const uint8_t> images, int64_t image_bytes, int64_t capacity);
  ~ImageStream();
  ImageStream(const ImageStream&) = delete;
  ImageStream& operator=(const ImageStream&) = delete;

  /// Begins to fill a slot with these samples, in this order; at most `capacity`.
  void send(int slot, std::span<const int32_t> samples);
  /// What is queued on stream() from now on finds in the slot what was sent last.
  void await(int slot);
  /// What was queued on stream() until now was the last to read from the slot.
  void release(int slot);

  int64_t capacity() const { return capacity_; }
  /// In device memory, [capacity, bytes of an image]; slot 1 lies behind slot 0.
  const uint8_t* slot(int index) const { return device_.data<uint8_t>() + index * capacity_ * image_bytes_; }

  /// Seconds that stream() had nothing to do between release of the other slot and await, since the last call. Waits
  /// for stream() to get there.
  double take_waited();

 private:
  struct Slot {
    uint8_t* pinned = nullptr;
    cudaEvent_t free{}, arrived{}, ready{};
    bool timed = false;  // `ready` follows the other slot's `free`, and their distance has not been counted
  };
  void count_waiting(int slot);

  std::span<const uint8_t> images_;
  int64_t image_bytes_, capacity_;
  Tensor device_;
  cudaStream_t copies_{};
  std::array<Slot, 2> slots_;
  double waited_ = 0;
};

}  // namespace cucurbit
