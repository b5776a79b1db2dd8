// Tests of the vector clocks.
#include "../../softgpu/src/order.h"

#include <gtest/gtest.h>

namespace {

using namespace softgpu;

bool before(const Order& a, const Order& b) { return ordered(b.before, a.stream, a.index); }
bool host_has_seen(const Order& a) { return ordered(host_seen(), a.stream, a.index); }

/// Two streams that nothing orders.
class OrderTest : public ::testing::Test {
 protected:
  std::shared_ptr<StreamClock> a = make_clock(StreamKind::non_blocking), b = make_clock(StreamKind::non_blocking),
                               c = make_clock(StreamKind::non_blocking);
};

TEST_F(OrderTest, AStreamIsInOrderAndStreamsAreNot) {
  const Order first = next_operation(*a), other = next_operation(*b), second = next_operation(*a);
  EXPECT_NE(a->number, b->number);
  EXPECT_TRUE(before(first, second));
  EXPECT_FALSE(before(second, first));
  EXPECT_FALSE(before(first, other));
  EXPECT_FALSE(before(other, second));
}

TEST_F(OrderTest, AnEventOrdersWhatFollowsTheWait) {
  const Order first = next_operation(*a), record = next_operation(*a), later = next_operation(*a);
  const Order early = next_operation(*b);
  const Order wait = next_operation(*b, up_to(record));
  const Order follows = next_operation(*b);
  EXPECT_FALSE(before(first, early));
  EXPECT_TRUE(before(first, wait));
  EXPECT_TRUE(before(first, follows));
  EXPECT_TRUE(before(record, follows));
  EXPECT_FALSE(before(later, follows));
}

TEST_F(OrderTest, IsTransitive) {
  const Order first = next_operation(*a);
  const Order second = next_operation(*b, up_to(first));
  const Order third = next_operation(*c, up_to(second));
  EXPECT_TRUE(before(first, third));
}

TEST_F(OrderTest, TheLegacyStreamWaitsForBlockingStreamsAndTheyForIt) {
  const auto legacy = make_clock(StreamKind::legacy), blocking = make_clock(StreamKind::blocking),
             other = make_clock(StreamKind::blocking);
  const Order first = next_operation(*blocking), apart = next_operation(*a);
  const Order middle = next_operation(*legacy);
  const Order last = next_operation(*other), later_apart = next_operation(*a);
  EXPECT_TRUE(before(first, middle));
  EXPECT_FALSE(before(apart, middle));
  EXPECT_TRUE(before(middle, last));
  EXPECT_TRUE(before(first, last));
  EXPECT_FALSE(before(middle, later_apart));
}

TEST_F(OrderTest, WhatTheHostHasSeenComesBeforeWhatItEnqueues) {
  const Order first = next_operation(*a), second = next_operation(*a);
  EXPECT_FALSE(host_has_seen(first));
  host_waits(up_to(first));
  EXPECT_TRUE(host_has_seen(first));
  EXPECT_FALSE(host_has_seen(second));
  const Order other = next_operation(*b);
  EXPECT_TRUE(before(first, other));
  EXPECT_FALSE(before(second, other));
  host_waits(everything());
  EXPECT_TRUE(host_has_seen(second));
  EXPECT_TRUE(host_has_seen(other));
}

TEST_F(OrderTest, TheHostComesBeforeWhatItEnqueuesLater) {
  const uint64_t moment = host_seen()[kHostStream];
  const Order operation = next_operation(*a);
  const uint64_t later = host_seen()[kHostStream];
  EXPECT_TRUE(ordered(operation.before, kHostStream, moment));
  EXPECT_FALSE(ordered(operation.before, kHostStream, later));
}

TEST_F(OrderTest, NumbersOfStreamsAreReusedOnceTheHostHasWaitedForThem) {
  const uint32_t number = a->number;
  const Order last = next_operation(*a);
  a.reset();
  std::vector<std::shared_ptr<StreamClock>> fresh;  // many, because other tests have left numbers to reuse as well
  for (int i = 0; i < 100; ++i) {
    fresh.push_back(make_clock(StreamKind::non_blocking));
    EXPECT_NE(fresh.back()->number, number);
  }
  host_waits(everything());
  bool reused = false;
  for (int i = 0; i < 100 && !reused; ++i) {
    fresh.push_back(make_clock(StreamKind::non_blocking));
    reused = fresh.back()->number == number;
  }
  ASSERT_TRUE(reused);
  const Order next = next_operation(*fresh.back());
  EXPECT_GT(next.index, last.index);
  EXPECT_TRUE(before(last, next));
}

}  // namespace
