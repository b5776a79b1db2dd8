#include "check/running.h"
#include "device_model.h"

namespace check = softgpu::check;

namespace {

using OperationModel = DeviceModel;

/// A stream whose operations come after what the host has done, and otherwise only after what a test says.
struct Stream {
  uint32_t number;
  uint64_t count = 0;

  softgpu::Order next(softgpu::Seen seen = {}) {
    if (seen.empty()) seen.resize(1);
    seen[softgpu::kHostStream] = ~uint64_t{0};
    return {number, ++count, std::move(seen)};
  }
  softgpu::Seen all() const {
    softgpu::Seen seen(number + 1);
    seen[number] = count;
    return seen;
  }
};

TEST_F(OperationModel, StreamsWithoutAnEventRace) {
  Stream a{1}, b{2};
  const auto write_in = [&](Stream& stream, softgpu::Seen seen) {
    check::begin_operation(stream.next(std::move(seen)));
    launch(32);
    write(0, word(0));
    check::end_launch();
    check::end_operation();
  };
  write_in(a, {});
  write_in(a, {});
  EXPECT_EQ(news(), 0u);
  write_in(b, a.all());
  EXPECT_EQ(news(), 0u);
  write_in(b, {});
  EXPECT_EQ(news(), 0u);
  write_in(a, {});
  EXPECT_EQ(news(), 1u);
}

TEST_F(OperationModel, CopiesRaceWithKernels) {
  Stream a{3}, b{4};
  check::begin_operation(a.next());
  launch(32);
  write(0, word(100));
  check::end_launch();
  check::end_operation();

  check::begin_operation(b.next());
  check::reads(word(0), 400, "cudaMemcpyAsync");
  check::end_operation();
  EXPECT_EQ(news(), 0u);

  check::begin_operation(b.next());
  check::reads(word(0), 404, "cudaMemcpyAsync");
  check::end_operation();
  EXPECT_EQ(news(), 1u);

  check::begin_operation(b.next(a.all()));
  check::writes(word(0), kWords * 4, "cudaMemsetAsync");
  check::end_operation();
  EXPECT_EQ(news(), 0u);

  check::begin_operation(a.next());
  launch(32);
  read(31, word(4095));
  check::end_launch();
  check::end_operation();
  EXPECT_EQ(news(), 1u);
}

TEST_F(OperationModel, OneOperationDoesNotRaceWithItself) {
  Stream a{5};
  check::begin_operation(a.next());
  check::reads(word(0), 4096, "cublasGemmEx");
  check::writes(word(0), 4096, "cublasGemmEx");
  check::copies(word(1024), word(0), 4096);
  check::end_operation();
  EXPECT_EQ(news(), 0u);
}

TEST_F(OperationModel, StepsOfAnOperationComeOneAfterTheOther) {
  Stream a{8}, b{9};
  const auto write_in_launch = [&](unsigned thread) {
    launch(32, 2);
    write(thread, word(0));
    begin_block(1);
    write(thread, word(1));
    check::end_launch();
  };
  check::begin_operation(a.next());
  write_in_launch(0);
  write_in_launch(1);
  check::reads(word(0), 8, "a routine");
  check::next_step();
  check::writes(word(0), 8, "another routine");
  write_in_launch(2);
  check::end_operation();
  EXPECT_EQ(news(), 0u);

  check::begin_operation(b.next());
  check::writes(word(4000), 8, "a routine");
  write_in_launch(0);
  check::end_operation();
  EXPECT_GE(news(), 1u);

  check::begin_operation(b.next(a.all()));
  check::reads(word(4000), 8, "a routine");
  launch(32);
  write(0, word(2));
  write(1, word(2));
  check::end_launch();
  check::end_operation();
  EXPECT_EQ(news(), 1u);
}

TEST_F(OperationModel, CountersStartOverBeforeTheyWrapAround) {
  launch(64);
  write(0, word(0));
  check::counters.tick = ~0u - 3;
  for (int i = 0; i < 8; ++i) {
    write(0, word(i));
    check::block_barrier();
    read(1, word(i));
    write(2, word(i + 100));
  }
  EXPECT_EQ(findings(), 0u);
  EXPECT_LT(check::counters.tick, 100u);

  launch(64);
  check::counters.tick = ~0u - 1;
  for (int i = 0; i < 4; ++i) check::warp_barrier(0, 0b11);
  write(0, word(0));
  check::warp_barrier(0, 0b11);
  read(1, word(0));
  read(2, word(0));
  EXPECT_EQ(findings(), 1u);

  check::counters.serial = ~0u - 3;
  launch(64, 8);
  for (unsigned block = 1; block < 8; ++block) {
    write(0, word(block));
    write(5, dynamic(block));
    begin_block(block);
  }
  EXPECT_EQ(findings(), 0u);
  EXPECT_LT(check::counters.serial, 100u);

  launch(64, 2);
  write(0, word(0));
  begin_block(1);
  read(0, word(0));
  EXPECT_EQ(findings(), 1u);
}

TEST_F(OperationModel, FreedMemoryStartsAnew) {
  Stream a{6}, b{7};
  check::begin_operation(a.next());
  check::writes(word(0), kWords * 4, "cudaMemsetAsync");
  check::end_operation();
  check::freed(word(0), kWords * 4);
  check::allocated(word(0), kWords * 4);
  check::begin_operation(b.next());
  check::writes(word(0), kWords * 4, "cudaMemsetAsync");
  check::end_operation();
  EXPECT_EQ(news(), 0u);
}

}  // namespace
