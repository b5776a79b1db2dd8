#pragma once

#include <cstdint>
#include <vector>

#include "check.h"
#include "shadow.h"

/// The past operations of the device, for the order between them and for naming who made an access.

namespace softgpu::check {

/// A launch, or copies, fills and vendor routines. It has the serial number `serial`; the blocks of a launch have the
/// next ones, in the order in which they ran. An operation of a stream with more than one part, such as a graph, has
/// several of these, one after the other.
struct Operation {
  uint32_t serial = 0;
  uint32_t stream = 0;
  uint64_t index = 0;
  const void* site = nullptr;    ///< return address of the call that asked for it
  const void* kernel = nullptr;  ///< null unless a launch
  dim3 grid, block;
  uint64_t first_block = 0;
  std::vector<uint32_t> blocks;  ///< which blocks ran; empty: one after the other from first_block
};

bool operation_open();
/// The part of the operation that is under way.
Operation& current_operation();
/// Begins a part, and the operation if there is none: a launch; or something else, which needs a part of its own only
/// after a launch.
Operation& begin_launch_part();
void begin_other_part();

/// What comes now is done by the operation `serial` itself and not by a CUDA thread; what has a serial number smaller
/// than `ordered_below` comes before it.
void run_operation(uint32_t serial, uint32_t ordered_below);

/// The operation that a serial number belongs to; null when it is too long ago.
const Operation* find_operation(uint32_t serial);

/// Notes that this block of the current launch runs under the serial number.
void name_block(uint32_t serial, uint64_t index);
/// Which block it was.
uint64_t block_index(const Operation& launch, uint32_t serial);

/// Forgets all but the current operation, which goes on as `serial`.
void forget_operations(uint32_t serial);

}  // namespace softgpu::check
