#pragma once

#include <gtest/gtest.h>

#include <string>

namespace cucurbit::test {

/// Whether this program has a test of that name, whatever filter it runs with.
inline bool is_test(const std::string& suite_name, const std::string& test_name) {
  const testing::UnitTest& unit = *testing::UnitTest::GetInstance();
  for (int i = 0; i < unit.total_test_suite_count(); ++i) {
    const testing::TestSuite& suite = *unit.GetTestSuite(i);
    for (int k = 0; suite.name() == suite_name && k < suite.total_test_count(); ++k)
      if (suite.GetTestInfo(k)->name() == test_name) return true;
  }
  return false;
}

}  // namespace cucurbit::test
