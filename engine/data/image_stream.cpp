#include "engine/data/image_stream.h"

#include <cstring>

#include "engine/runtime/check.h"
#include "engine/runtime/stream.h"

namespace cucurbit {

ImageStream::ImageStream(std::span<const uint8_t> images, int64_t image_bytes, int64_t capacity)
    : images_(images),
      image_bytes_(image_bytes),
      capacity_(capacity),
      device_(Tensor::empty({2 * capacity * image_bytes}, DType::u8)) {
  check_cuda(cudaStreamCreateWithFlags(&copies_, cudaStreamNonBlocking), "data");
  for (Slot& slot : slots_) {
    check_cuda(cudaMallocHost(reinterpret_cast<void**>(&slot.pinned), size_t(capacity * image_bytes)), "data");
    for (cudaEvent_t* event : {&slot.free, &slot.arrived, &slot.ready})
      check_cuda(cudaEventCreateWithFlags(event, cudaEventDefault), "data");
    // Work queued earlier may still use the memory that came from the pool.
    check_cuda(cudaEventRecord(slot.free, stream()), "data");
  }
}

ImageStream::~ImageStream() {
  cudaStreamSynchronize(copies_);
  for (Slot& slot : slots_) {
    cudaFreeHost(slot.pinned);
    for (cudaEvent_t event : {slot.free, slot.arrived, slot.ready}) cudaEventDestroy(event);
  }
  cudaStreamDestroy(copies_);
}

void ImageStream::send(int slot, std::span<const int32_t> samples) {
  Slot& s = slots_[slot];
  check_cuda(cudaEventSynchronize(s.arrived), "data");  // of the last copy: then the pinned buffer is free
  for (size_t i = 0; i < samples.size(); ++i)
    std::memcpy(s.pinned + int64_t(i) * image_bytes_, images_.data() + samples[i] * image_bytes_, size_t(image_bytes_));
  check_cuda(cudaStreamWaitEvent(copies_, s.free), "data");
  check_cuda(cudaMemcpyAsync(device_.data<uint8_t>() + slot * capacity_ * image_bytes_, s.pinned,
                             samples.size() * size_t(image_bytes_), cudaMemcpyHostToDevice, copies_),
             "data");
  check_cuda(cudaEventRecord(s.arrived, copies_), "data");
}

void ImageStream::await(int slot) {
  Slot& s = slots_[slot];
  count_waiting(slot);
  check_cuda(cudaStreamWaitEvent(stream(), s.arrived), "data");
  check_cuda(cudaEventRecord(s.ready, stream()), "data");
  s.timed = true;
}

void ImageStream::release(int slot) {
  count_waiting(1 - slot);  // before the event from which the time is counted is recorded again
  check_cuda(cudaEventRecord(slots_[slot].free, stream()), "data");
}

void ImageStream::count_waiting(int slot) {
  Slot& s = slots_[slot];
  if (!s.timed) return;
  float milliseconds = 0;
  check_cuda(cudaEventSynchronize(s.ready), "data");
  check_cuda(cudaEventElapsedTime(&milliseconds, slots_[1 - slot].free, s.ready), "data");
  waited_ += milliseconds * 1e-3;
  s.timed = false;
}

double ImageStream::take_waited() {
  count_waiting(0);
  count_waiting(1);
  return std::exchange(waited_, 0);
}

}  // namespace cucurbit
