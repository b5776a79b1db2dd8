#pragma once

#include <string>
#include <string_view>

namespace cucurbit::lab {

/// Whether the character can be part of a name or a number.
bool is_word(char c);

/// The text with comments, directives, the contents of literals and everything from system headers replaced by spaces.
/// It has the same length and line ends as the text. Only code is left, so it can be searched for code.
std::string code_mask(std::string_view preprocessed);

}  // namespace cucurbit::lab
