#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>

#include "kernels/error.h"

namespace cucurbit::test {

/// Expects `action` to throw an Error of this kind whose message has all of `words`, and returns the message.
template <class Action>
std::string expect_error(ErrorKind kind, std::initializer_list<std::string_view> words, Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_EQ(static_cast<int>(error.kind()), static_cast<int>(kind)) << message;
    for (const std::string_view word : words)
      EXPECT_NE(message.find(word), std::string::npos) << "without \"" << word << "\": " << message;
    return message;
  }
  std::string expected;
  for (const std::string_view word : words) expected += " \"" + std::string(word) + "\"";
  ADD_FAILURE() << "no error; expected one with" << expected;
  return {};
}

}  // namespace cucurbit::test
