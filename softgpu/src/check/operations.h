#pragma once

#include <cstdint>
#include <vector>

#include "check.h"
#include "shadow.h"

/// The past operations of the device: the order between them, and the names of those that made an access.

namespace softgpu::check {

/// One part of an operation of a stream: either a launch, or any number of copies, fills and vendor routines. It has
/// the serial number `serial`; the blocks of a launch have the numbers that follow, in the order in which they ran. An
/// operation with several parts, such as the launch of a graph, has several of these records in succession.
struct Operation {
  uint32_t serial = 0;
  uint32_t stream = 0;
  uint64_t index = 0;
  const void* site = nullptr;    ///< return address of the call that asked for it
  const void* kernel = nullptr;  ///< null unless this is a launch
  dim3 grid, block;
  uint64_t first_block = 0;
  std::vector<uint32_t> blocks;  ///< which blocks ran; empty if they ran in order from first_block on
};

bool operation_open();
/// The current part of the open operation.
Operation& current_operation();
/// Begins a part, and the operation if none is open. The first function begins a launch. The second begins anything
/// else, which needs a part of its own only after a launch.
Operation& begin_launch_part();
void begin_other_part();

/// From now on accesses are made by the operation `serial` itself and not by a CUDA thread. Accesses with a serial
/// number below `ordered_below` are ordered before them.
void run_operation(uint32_t serial, uint32_t ordered_below);

/// The operation that a serial number belongs to; null when it is too old to be remembered.
const Operation* find_operation(uint32_t serial);

/// Notes the serial number of a block of the current launch.
void name_block(uint32_t serial, uint64_t index);
/// The index in the grid of the block with this serial number.
uint64_t block_index(const Operation& launch, uint32_t serial);

/// Forgets all operations but the current one, which continues with the serial number `serial`.
void forget_operations(uint32_t serial);

}  // namespace softgpu::check
