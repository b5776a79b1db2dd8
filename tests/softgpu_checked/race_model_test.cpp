// Tests of racecheck on a device without a scheduler.
#include "device_model.h"

namespace check = softgpu::check;

namespace {

using RaceModel = DeviceModel;

TEST_F(RaceModel, ABarrierOrdersThreadsOfABlock) {
  launch(1024);
  write(0, word(0));
  read(1023, word(0));
  EXPECT_EQ(findings(), 1u);

  launch(1024);
  write(0, word(0));
  check::block_barrier();
  read(1023, word(0));
  check::block_barrier();
  write(512, word(0));
  EXPECT_EQ(findings(), 0u);
}

TEST_F(RaceModel, ReadersAndTheNextWriterNeedABarrierToo) {
  launch(256);
  write(0, word(0));
  check::block_barrier();
  for (unsigned thread = 0; thread < 256; ++thread) read(thread, word(0));
  write(0, word(0));
  EXPECT_EQ(findings(), 1u);

  launch(256);
  for (unsigned thread = 0; thread < 256; ++thread) read(thread, word(0));
  EXPECT_EQ(findings(), 0u);

  launch(256);
  write(3, word(0));
  read(3, word(0));
  write(3, word(0));
  EXPECT_EQ(findings(), 0u);
}

TEST_F(RaceModel, WritersRaceWithEachOther) {
  launch(64);
  write(1, word(0));
  write(33, word(0));
  EXPECT_EQ(findings(), 1u);
}

TEST_F(RaceModel, SyncwarpOrdersLanesOfItsMaskOnly) {
  launch(64);
  write(1, word(0));
  check::warp_barrier(0, ~0u);
  read(2, word(0));
  EXPECT_EQ(findings(), 0u);

  launch(64);
  write(1, word(0));
  check::warp_barrier(0, ~0u);
  check::warp_barrier(1, ~0u);
  read(34, word(0));
  EXPECT_EQ(findings(), 1u);

  launch(64);
  write(1, word(0));
  write(17, word(1));
  check::warp_barrier(0, 0x0000ffff);
  read(2, word(0));
  read(3, word(1));
  EXPECT_EQ(findings(), 1u);
}

TEST_F(RaceModel, SyncwarpPassesOnWhatWasLearned) {
  launch(32);
  write(0, word(0));
  check::warp_barrier(0, 0b011);
  check::warp_barrier(0, 0b110);
  read(2, word(0));
  EXPECT_EQ(findings(), 0u);

  launch(32);
  check::warp_barrier(0, 0b011);
  write(0, word(0));
  check::warp_barrier(0, 0b110);
  read(2, word(0));
  EXPECT_EQ(findings(), 1u);
}

TEST_F(RaceModel, AReaderOfAnotherWarpIsNotForgotten) {
  launch(64);
  for (const unsigned thread : {0u, 1u, 2u, 32u, 3u}) read(thread, word(0));
  check::warp_barrier(0, ~0u);
  write(0, word(0));
  EXPECT_EQ(findings(), 1u);
}

TEST_F(RaceModel, BlocksOfALaunchAreNotOrdered) {
  launch(32, 2);
  write(0, word(0));
  check::block_barrier();
  begin_block(1);
  read(0, word(0));
  EXPECT_EQ(findings(), 1u);

  launch(32, 2);
  read(0, word(1));
  begin_block(1);
  write(0, word(1));
  EXPECT_EQ(findings(), 1u);

  launch(32, 2);
  write(0, word(2));
  begin_block(1);
  write(0, word(3));
  EXPECT_EQ(findings(), 0u);

  launch(32);
  write(5, word(2));  // a later launch
  EXPECT_EQ(findings(), 0u);
}

TEST_F(RaceModel, TheGridBarrierOrdersBlocks) {
  launch(32, 2, /*cooperative=*/true);
  write(0, word(0));
  begin_block(1);
  write(0, word(1));
  check::grid_barrier();
  read(3, word(0));
  check::switch_block(0);
  read(3, word(1));
  EXPECT_EQ(findings(), 0u);

  launch(32, 2, /*cooperative=*/true);
  begin_block(1);
  check::grid_barrier();
  write(0, word(0));
  check::switch_block(0);
  read(0, word(0));
  EXPECT_EQ(findings(), 1u);
}

TEST_F(RaceModel, BlocksOfACooperativeLaunchHaveTheirOwnSharedMemory) {
  launch(64, 2, /*cooperative=*/true);
  write(0, dynamic(0));
  begin_block(1);
  write(7, dynamic(0));
  check::switch_block(0);
  read(0, dynamic(0));
  EXPECT_EQ(findings(), 0u);

  launch(64, 2, /*cooperative=*/true);
  write(0, dynamic(0));
  begin_block(1);
  write(7, dynamic(0));
  check::switch_block(0);
  read(32, dynamic(0));
  EXPECT_EQ(findings(), 1u);
}

TEST_F(RaceModel, AtomicsRaceWithPlainAccessesOnly) {
  launch(64);
  for (unsigned thread = 0; thread < 64; ++thread) add(thread, word(0));
  EXPECT_EQ(findings(), 0u);

  launch(64);
  add(0, word(0));
  read(1, word(0));
  EXPECT_EQ(findings(), 1u);

  launch(64);
  read(1, word(0));
  add(0, word(0));
  EXPECT_EQ(findings(), 1u);

  launch(64);
  add(0, word(0));
  add(1, word(0));
  read(1, word(0));  // ordered after its own, not after that of thread 0
  EXPECT_EQ(findings(), 1u);

  launch(64);
  add(0, word(0));
  check::block_barrier();
  read(1, word(0));
  EXPECT_EQ(findings(), 0u);

  launch(64);
  add(1, word(0));
  write(1, word(0));
  add(2, word(0));
  EXPECT_EQ(findings(), 1u);
}

TEST_F(RaceModel, VolatileAccessesCountAsAtomic) {
  launch(64);
  as(0, [&] { __tsan_volatile_write4(word(0)); });
  as(1, [&] { __tsan_volatile_read4(word(0)); });
  EXPECT_EQ(findings(), 0u);

  launch(64);
  as(0, [&] { __tsan_volatile_write4(word(0)); });
  read(1, word(0));
  EXPECT_EQ(findings(), 1u);
}

TEST_F(RaceModel, NeighboursOfAnySizeDoNotRace) {
  launch(64);
  auto* const bytes = reinterpret_cast<uint8_t*>(word(8));
  for (unsigned i = 0; i < 8; ++i) as(i, [&] { __tsan_write1(bytes + i); });
  auto* const halves = reinterpret_cast<uint16_t*>(word(1024 + 8));
  for (unsigned i = 0; i < 8; ++i) as(i, [&] { __tsan_write2(halves + i); });
  auto* const doubles = reinterpret_cast<double*>(word(2048));
  for (unsigned i = 0; i < 8; ++i) as(i, [&] { __tsan_write8(doubles + i); });
  EXPECT_EQ(findings(), 0u);
}

TEST_F(RaceModel, AccessesOfDifferentSizesMeet) {
  void* const base = word(16);
  const auto at = [&](size_t offset) { return static_cast<void*>(static_cast<std::byte*>(base) + offset); };
  launch(64);
  as(0, [&] { __tsan_write16(at(0)); });
  as(1, [&] { __tsan_read4(at(12)); });
  EXPECT_EQ(findings(), 1u);

  launch(64);
  as(0, [&] { __tsan_write8(at(0)); });
  as(1, [&] { __tsan_read1(at(7)); });
  EXPECT_EQ(findings(), 1u);

  launch(64);
  as(0, [&] { __tsan_write2(at(6)); });
  as(1, [&] { __tsan_read8(at(0)); });
  as(2, [&] { __tsan_read4(at(0)); });
  EXPECT_EQ(findings(), 1u);

  launch(64);
  as(0, [&] { __tsan_unaligned_write4(at(2)); });
  as(1, [&] { __tsan_read1(at(5)); });
  as(2, [&] { __tsan_write1(at(6)); });
  EXPECT_EQ(findings(), 1u);

  launch(64);
  as(0, [&] { __tsan_write_range(at(0), 40); });
  as(1, [&] { __tsan_read4(at(36)); });
  EXPECT_EQ(findings(), 1u);
}

TEST_F(RaceModel, AMisalignedAccessAcrossPagesIsTakenApart) {
  auto* const page = reinterpret_cast<std::byte*>((reinterpret_cast<uintptr_t>(word(1024)) + 4095) / 4096 * 4096);
  launch(64);
  as(0, [&] { __tsan_write16(page - 4); });
  as(1, [&] { __tsan_read4(page + 8); });
  as(2, [&] { __tsan_write4(page + 12); });
  EXPECT_EQ(findings(), 1u);
}

TEST_F(RaceModel, ABlockStartsWithFreshSharedMemory) {
  __shared__ unsigned tile[64];
  launch(64, 3);
  write(0, &tile[0]);
  write(0, dynamic(0));
  for (unsigned block = 1; block < 3; ++block) {
    begin_block(block);
    write(1, &tile[0]);
    write(1, dynamic(0));
  }
  EXPECT_EQ(findings(), 0u);
}

TEST_F(RaceModel, SharedMemoryRaces) {
  __shared__ unsigned tile[64];
  launch(64);
  write(0, &tile[5]);
  write(40, &tile[5]);
  EXPECT_EQ(findings(), 1u);

  launch(64);
  write(0, dynamic(63));
  write(40, dynamic(63));
  EXPECT_EQ(findings(), 1u);
}

TEST_F(RaceModel, TheBuiltInVariablesAreNotSharedMemory) {
  launch(64);
  for (const unsigned thread : {0u, 1u}) {
    write(thread, &threadIdx.x);
    write(thread, &blockIdx.z);
    write(thread, &blockDim.y);
    write(thread, &gridDim.x);
  }
  EXPECT_EQ(findings(), 0u);
}

unsigned device_variable;

TEST_F(RaceModel, VariablesOfTheProgramAreDeviceMemory) {
  launch(64);
  write(0, &device_variable);
  write(1, &device_variable);
  EXPECT_EQ(findings(), 1u);
}

TEST_F(RaceModel, LocalAndHostMemoryIsIgnored) {
  unsigned local = 0;
  const std::vector<unsigned> heap(100000);
  launch(64);
  for (const unsigned thread : {0u, 1u}) {
    write(thread, &local);
    write(thread, const_cast<unsigned*>(&heap[50000]));
  }
  __tsan_write4(word(0));  // the host
  write(0, word(0));
  EXPECT_EQ(findings(), 0u);
}

}  // namespace
