#include "device_model.h"

namespace check = softgpu::check;

namespace {

/// The last block of a grid reads what the others wrote to words 0 to blocks - 1. Finished blocks are counted in
/// `done`.
class FenceModel : public DeviceModel {
 protected:
  unsigned* done() { return word(2000); }

  template <class Publish>
  void write_in_every_block(unsigned blocks, Publish publish) {
    for (unsigned block = 0; block < blocks; ++block) {
      if (block > 0) begin_block(block);
      write(0, word(block));
      publish();
    }
  }
  /// The number of findings when the last block reads all words.
  template <class Publish>
  uint64_t findings_of_last_block(unsigned blocks, Publish publish) {
    launch(64, blocks);
    write_in_every_block(blocks, publish);
    for (unsigned block = 0; block < blocks; ++block) read(block % 64, word(block));
    return findings();
  }
};

TEST_F(FenceModel, TheLastBlockReadsWhatTheOthersFenced) {
  const uint64_t found = findings_of_last_block(100, [&] {
    fence(0);
    add(0, done());
    check::block_barrier();
  });
  EXPECT_EQ(found, 0u);
}

TEST_F(FenceModel, WithoutTheFenceItIsARace) {
  const uint64_t found = findings_of_last_block(100, [&] {
    add(0, done());
    check::block_barrier();
  });
  EXPECT_EQ(found, 1u);
}

TEST_F(FenceModel, AFenceOfTheBlockIsNotEnough) {
  const uint64_t found = findings_of_last_block(4, [&] {
    fence_block(0);
    add(0, done());
    check::block_barrier();
  });
  EXPECT_EQ(found, 1u);
}

TEST_F(FenceModel, AFenceAfterTheAtomicIsTooLate) {
  const uint64_t found = findings_of_last_block(2, [&] {
    add(0, done());
    fence(0);
    check::block_barrier();
  });
  EXPECT_EQ(found, 1u);
}

TEST_F(FenceModel, TheReaderNeedsAFenceOrABarrier) {
  launch(64, 2);
  write_in_every_block(2, [&] {
    fence(0);
    add(0, done());
  });
  read(0, word(0));
  EXPECT_EQ(findings(), 1u);

  launch(64, 2);
  write_in_every_block(2, [&] {
    fence(0);
    add(0, done());
  });
  fence(0);
  read(0, word(0));
  EXPECT_EQ(findings(), 0u);
}

TEST_F(FenceModel, AFenceCoversWhatTheBlocksBarriersOrdered) {
  launch(64, 2);
  write(40, word(0));
  check::block_barrier();
  fence(0);
  add(0, done());
  begin_block(1);
  add(0, done());
  check::block_barrier();
  read(63, word(0));
  EXPECT_EQ(findings(), 0u);

  launch(64, 2);
  write(40, word(0));  // without a barrier thread 0 does not know about this write
  fence(0);
  add(0, done());
  begin_block(1);
  add(0, done());
  check::block_barrier();
  read(63, word(0));
  EXPECT_EQ(findings(), 1u);
}

TEST_F(FenceModel, AFenceCoversWhatSyncwarpOrdered) {
  for (const unsigned mask : {~0u, 0b11u}) {
    launch(64, 2);
    write(1, word(0));
    check::warp_barrier(0, mask);
    fence(0);
    add(0, done());
    begin_block(1);
    add(0, done());
    fence(0);
    read(0, word(0));
    EXPECT_EQ(findings(), 0u);
  }
}

TEST_F(FenceModel, AnotherAtomicTellsNothing) {
  launch(64, 2);
  write(0, word(0));
  fence(0);
  add(0, done());
  begin_block(1);
  add(0, word(2001));
  check::block_barrier();
  read(0, word(0));
  EXPECT_EQ(findings(), 1u);
}

TEST_F(FenceModel, WhatWasLearnedIsPassedOn) {
  launch(64, 3);
  write(0, word(0));
  fence(0);
  add(0, done());
  begin_block(1);
  add(0, done());
  fence(0);
  add(0, word(2001));
  begin_block(2);
  add(0, word(2001));
  fence(0);
  read(0, word(0));
  EXPECT_EQ(findings(), 0u);
}

TEST_F(FenceModel, AFlagWithinABlock) {
  launch(64);
  write(0, dynamic(0));
  fence_block(0);
  as(0, [&] { __tsan_volatile_write4(dynamic(1)); });
  as(40, [&] { __tsan_volatile_read4(dynamic(1)); });
  fence_block(40);
  read(40, dynamic(0));
  EXPECT_EQ(findings(), 0u);

  launch(64);
  write(0, dynamic(0));
  as(0, [&] { __tsan_volatile_write4(dynamic(1)); });
  as(40, [&] { __tsan_volatile_read4(dynamic(1)); });
  fence_block(40);
  read(40, dynamic(0));
  EXPECT_EQ(findings(), 1u);
}

TEST_F(FenceModel, APlainStoreEndsWhatUpdatesCarryOn) {
  launch(64, 3);
  write(0, word(0));
  fence(0);
  add(0, done());
  begin_block(1);
  as(0, [&] { __tsan_atomic32_store(done(), 0, __ATOMIC_RELAXED); });
  begin_block(2);
  add(0, done());
  fence(0);
  read(0, word(0));
  EXPECT_EQ(findings(), 1u);
}

TEST_F(FenceModel, AtomicsWithAnOrderNeedNoFence) {
  launch(64, 2);
  write(0, word(0));
  as(0, [&] { __tsan_atomic32_store(done(), 1, __ATOMIC_RELEASE); });
  begin_block(1);
  as(0, [&] { __tsan_atomic32_load(done(), __ATOMIC_ACQUIRE); });
  read(0, word(0));
  EXPECT_EQ(findings(), 0u);
}

TEST_F(FenceModel, TheNextLaunchStartsAnew) {
  launch(64, 2);
  write(0, word(0));
  fence(0);
  add(0, done());
  EXPECT_EQ(findings(), 0u);

  launch(64, 2);
  add(0, done());
  write(0, word(1));
  begin_block(1);
  add(0, done());
  fence(0);
  read(0, word(1));
  EXPECT_EQ(findings(), 1u);
}

}  // namespace
