#include <algorithm>

#include "stream.h"

/// Events: records, waits, queries and elapsed times.

namespace softgpu {
namespace {

using Clock = std::chrono::steady_clock;

void mark_now(CUevent_st* event) {
  event->time = Clock::now();
  event->recorded = true;
  if (event->record != nullptr) event->record->time = event->time;
}

/// Records the event as an operation of the stream.
cudaError_t record_in_order(CUevent_st* event, CUstream_st& stream) {
  std::lock_guard lock(device_mutex());
  const auto record = std::make_shared<EventRecord>();
  const cudaError_t error =
      submit_ordered(stream, [record] { record->time = Clock::now(); }, {.call = "cudaEventRecord"});
  record->after = clock_of(stream).seen;
  event->record = record;
  event->captured = false;
  event->recorded = true;
  return error;
}

/// A plain record in a capture stands for a position in the graph; an external one becomes a node.
cudaError_t record_captured(CUevent_st* event, CUstream_st* stream, unsigned int flags) {
  if (flags == cudaEventRecordExternal) {
    const auto mark = [event] { mark_now(event); };
    stream->capture->add(stream->tips, cudaGraphNodeTypeEventRecord, mark).events = {event};
    return cudaSuccess;
  }
  event->captured = true;
  event->capture = stream->capture;
  event->tips = stream->tips;
  return cudaSuccess;
}

cudaError_t record(cudaEvent_t event, cudaStream_t handle, unsigned int flags) {
  if (!HandleTable<CUevent_st>::valid(event)) return cudaErrorInvalidResourceHandle;
  if (flags > cudaEventRecordExternal) return cudaErrorInvalidValue;
  CUstream_st* stream = nullptr;
  if (const cudaError_t error = open_stream(handle, stream); error != cudaSuccess) return error;
  if (stream->capture != nullptr) return record_captured(event, stream, flags);
  if (flags == cudaEventRecordExternal) return cudaErrorIllegalState;
  if (orders_kept()) return record_in_order(event, *stream);
  std::lock_guard lock(device_mutex());
  event->captured = false;
  mark_now(event);
  return cudaSuccess;
}

/// Makes a stream wait for an event where at least one of the two is being captured.
cudaError_t wait_captured(CUstream_st* stream, CUevent_st* event) {
  if (!event->captured) {
    if (!event->recorded) return cudaSuccess;
    stream->capture->invalidated = true;
    return cudaErrorStreamCaptureIsolation;
  }
  const std::shared_ptr<Capture> capture = event->capture.lock();
  if (capture == nullptr) return cudaErrorCapturedEvent;
  if (capture->invalidated) return cudaErrorStreamCaptureInvalidated;
  if (is_legacy(stream)) {
    capture->invalidated = true;
    return cudaErrorStreamCaptureImplicit;
  }
  if (stream->capture != nullptr && stream->capture != capture) {
    stream->capture->invalidated = capture->invalidated = true;
    return cudaErrorStreamCaptureMerge;
  }
  if (stream->capture == nullptr) stream->capture = capture;
  capture->join(stream, event->tips);
  return cudaSuccess;
}

cudaError_t check_outside_capture(cudaEvent_t event) {
  if (!HandleTable<CUevent_st>::valid(event)) return cudaErrorInvalidResourceHandle;
  if (!event->captured) return cudaSuccess;
  if (const std::shared_ptr<Capture> capture = event->capture.lock()) capture->invalidated = true;
  return cudaErrorCapturedEvent;
}

cudaError_t synchronise_event(cudaEvent_t event) {
  if (const cudaError_t error = check_outside_capture(event); error != cudaSuccess) return error;
  std::lock_guard lock(device_mutex());
  return event->record != nullptr ? synchronise(event->record->after) : cudaSuccess;
}

cudaError_t query_event(cudaEvent_t event) {
  if (const cudaError_t error = check_outside_capture(event); error != cudaSuccess) return error;
  if (const cudaError_t error = check_unsafe_call(); error != cudaSuccess) return error;
  std::lock_guard lock(device_mutex());
  return event->record != nullptr ? query_order(event->record->after) : cudaSuccess;
}

bool has_happened(const CUevent_st& event) {
  if (!strict()) return true;
  std::lock_guard lock(device_mutex());
  return complete(event.record->after);
}

cudaError_t elapsed(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  Clock::time_point first, last;
  for (const cudaEvent_t event : {start, end}) {
    if (const cudaError_t error = check_outside_capture(event); error != cudaSuccess) return error;
    if (!event->recorded || (event->flags & cudaEventDisableTiming) != 0) return cudaErrorInvalidResourceHandle;
    if (!has_happened(*event)) return cudaErrorNotReady;
    first = last;
    last = event->record != nullptr ? event->record->time : event->time;
  }
  *milliseconds = std::chrono::duration<float, std::milli>(last - first).count();
  return cudaSuccess;
}

/// The wait is an operation itself, so that later work of the stream, and of streams that wait for it, comes after the
/// event.
cudaError_t wait_in_order(CUstream_st& stream, const CUevent_st& event) {
  if (event.record == nullptr) return cudaSuccess;
  return submit_ordered(
      stream, [] {}, {.call = "cudaStreamWaitEvent"}, event.record->after);
}

}  // namespace

void note_launched(const std::vector<CUevent_st*>& events, CUstream_st& stream) {
  if (stream.capture != nullptr) {  // the launch is recorded into another graph: its last node records the events
    stream.tips.front()->events = events;
    return;
  }
  std::lock_guard lock(device_mutex());
  for (CUevent_st* event : events) {
    if (event->record == nullptr || strict()) event->record = std::make_shared<EventRecord>();
    event->record->after = clock_of(stream).seen;
    event->recorded = true;
  }
}

HandleTable<CUevent_st>& events() {
  static HandleTable<CUevent_st> table;
  return table;
}

}  // namespace softgpu

using softgpu::api;

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned int flags) {
  return api([&] {
    if (event == nullptr || (flags & ~(cudaEventBlockingSync | cudaEventDisableTiming)) != 0) {
      return cudaErrorInvalidValue;
    }
    *event = softgpu::events().create();
    (*event)->flags = flags;
    return cudaSuccess;
  });
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  return api([&] {
    if (!softgpu::HandleTable<CUevent_st>::valid(event)) return cudaErrorInvalidResourceHandle;
    softgpu::events().destroy(event);
    return cudaSuccess;
  });
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return api([&] { return softgpu::record(event, stream, cudaEventRecordDefault); });
}

cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t stream, unsigned int flags) {
  return api([&] { return softgpu::record(event, stream, flags); });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return api([&] { return softgpu::synchronise_event(event); });
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  return api([&] { return softgpu::query_event(event); });
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  return api(
      [&] { return milliseconds == nullptr ? cudaErrorInvalidValue : softgpu::elapsed(milliseconds, start, end); });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t event, unsigned int flags) {
  return api([&] {
    if (flags != cudaEventWaitDefault) return cudaErrorInvalidValue;
    if (!softgpu::HandleTable<CUevent_st>::valid(event)) return cudaErrorInvalidResourceHandle;
    CUstream_st* stream = softgpu::find_stream(handle);
    if (stream == nullptr) return cudaErrorInvalidResourceHandle;
    if (stream->capture != nullptr && stream->capture->invalidated) return cudaErrorStreamCaptureInvalidated;
    if (stream->capture != nullptr || event->captured) return softgpu::wait_captured(stream, event);
    // Otherwise the event's work ran when it was recorded.
    return softgpu::orders_kept() ? softgpu::wait_in_order(*stream, *event) : cudaSuccess;
  });
}
