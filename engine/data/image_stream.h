#pragma once

#include <cuda_runtime.h>

#include <array>
#include <cstdint>
#include <span>

#include "engine/tensor.h"

namespace cucurbit {

/// Copies images from host memory to the device while other work runs there. There are two slots, each a pinned buffer
/// in host memory and a buffer on the device, filled by a stream of their own. That stream waits for stream() before it
/// overwrites a slot, and stream() waits for it before a slot is read. The host waits for the last copy of a slot
/// before it fills the pinned buffer again, so it is at most two batches ahead.
class ImageStream {
 public:
  /// `images` [count, bytes of an image] must outlive this; a slot holds `capacity` images.
  ImageStream(std::span<const uint8_t> images, int64_t image_bytes, int64_t capacity);
  ~ImageStream();
  ImageStream(const ImageStream&) = delete;
  ImageStream& operator=(const ImageStream&) = delete;

  /// Starts to fill a slot with these samples, in this order; at most `capacity`.
  void send(int slot, std::span<const int32_t> samples);
  /// Work that is queued on stream() from now on finds the images that were sent last in the slot.
  void await(int slot);
  /// Work that was queued on stream() before this call is the last that reads from the slot.
  void release(int slot);

  int64_t capacity() const { return capacity_; }
  /// In device memory, [capacity, bytes of an image]; slot 1 lies behind slot 0.
  const uint8_t* slot(int index) const { return device_.data<uint8_t>() + index * capacity_ * image_bytes_; }

  /// The time in seconds, since the last call, that stream() was idle between the release of the other slot and
  /// `await`. Waits for stream() to reach these points.
  double take_waited();

 private:
  struct Slot {
    uint8_t* pinned = nullptr;
    cudaEvent_t free{}, arrived{}, ready{};
    bool timed = false;  // the time between the other slot's `free` and this `ready` has not been counted yet
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
