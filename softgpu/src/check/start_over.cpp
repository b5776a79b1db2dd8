#include "start_over.h"

#include <limits>

#include "operations.h"
#include "report.h"
#include "running.h"

/// Counters, and what happens when they overflow.

namespace softgpu::check {

Counters counters;

namespace {

constexpr uint32_t kLast = std::numeric_limits<uint32_t>::max();

void start_over() {
  flush_findings();  // pending findings refer to blocks by their old numbers
  counters = {};
  forget_everything();
  forget_logs();
  forget_operations(++counters.serial);
  renumber_blocks();
}

}  // namespace

uint32_t next_serial() {
  if (counters.serial == kLast) start_over();
  return ++counters.serial;
}

uint32_t next_tick() {
  if (counters.tick == kLast) start_over();
  return ++counters.tick;
}

}  // namespace softgpu::check
