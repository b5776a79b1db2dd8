// Tests of initcheck on a device without a scheduler.
#include "device_model.h"

namespace check = softgpu::check;

namespace {

class InitModel : public DeviceModel {
 protected:
  void SetUp() override {
    DeviceModel::SetUp();
    check::freed(word(0), kWords * 4);
    check::allocated(word(0), kWords * 4);
  }
};

TEST_F(InitModel, AllocationsAreUndefined) {
  launch(64);
  read(0, word(0));
  EXPECT_EQ(findings(), 1u);

  launch(64);
  read(0, word(0));  // reported once
  EXPECT_EQ(findings(), 0u);

  launch(64);
  write(0, word(7));
  read(0, word(7));
  EXPECT_EQ(findings(), 0u);
}

TEST_F(InitModel, EveryByteCounts) {
  auto* const bytes = reinterpret_cast<uint8_t*>(word(0));
  launch(64);
  for (const int i : {0, 1, 3}) as(0, [&] { __tsan_write1(bytes + i); });
  read(0, bytes);
  EXPECT_EQ(findings(), 1u);

  launch(64);
  as(0, [&] { __tsan_write16(bytes + 48); });
  as(0, [&] { __tsan_write16(bytes + 64); });
  as(0, [&] { __tsan_read16(bytes + 48); });
  as(0, [&] { __tsan_read_range(bytes + 50, 28); });
  EXPECT_EQ(findings(), 0u);
  launch(64);
  as(0, [&] { __tsan_read_range(bytes + 50, 31); });
  EXPECT_EQ(findings(), 1u);
}

TEST_F(InitModel, AnAtomicUpdateReads) {
  launch(64);
  add(0, word(0));
  EXPECT_EQ(findings(), 1u);

  launch(64);
  as(0, [&] { __tsan_atomic32_store(word(1), 0, __ATOMIC_RELAXED); });
  add(0, word(1));
  EXPECT_EQ(findings(), 0u);
}

TEST_F(InitModel, SharedMemoryIsUndefinedInEveryBlock) {
  __shared__ unsigned tile[64];
  launch(64);
  read(0, &tile[3]);
  EXPECT_EQ(findings(), 1u);

  launch(64, 2);
  write(0, &tile[3]);
  read(0, &tile[3]);
  write(0, dynamic(9));
  read(0, dynamic(9));
  EXPECT_EQ(findings(), 0u);

  launch(64, 2);
  write(0, dynamic(9));
  begin_block(1);
  read(0, dynamic(9));
  EXPECT_EQ(findings(), 1u);
}

TEST_F(InitModel, OperationsDefineAndRead) {
  check::writes(word(0), 400, "cudaMemset");
  check::reads(word(0), 400, "a routine");
  EXPECT_EQ(news(), 0u);
  check::reads(word(0), 401, "a routine");
  EXPECT_EQ(news(), 1u);
  check::writes(word(0), kWords * 4, "cudaMemset");
  launch(64);
  read(0, word(kWords - 1));
  EXPECT_EQ(findings(), 0u);
}

TEST_F(InitModel, CopiesCarryOverWhatIsUndefined) {
  check::writes(word(0), 4 * 1500, "cudaMemset");
  check::copies(word(2001), word(0), 4 * 1600);
  EXPECT_EQ(news(), 0u);
  check::reads(word(2001), 4 * 1500, "cudaMemcpy");
  EXPECT_EQ(news(), 0u);
  launch(64);
  read(0, word(2001 + 1500));
  EXPECT_EQ(findings(), 1u);

  check::copies(word(0), word(2001 + 1550), 4 * 40);
  launch(64);
  read(0, word(39));
  read(0, word(40));
  EXPECT_EQ(findings(), 1u);
}

TEST_F(InitModel, VariablesAreDefined) {
  static unsigned variable;
  launch(64);
  read(0, &variable);
  EXPECT_EQ(findings(), 0u);
}

}  // namespace
