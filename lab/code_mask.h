#pragma once

#include <string>
#include <string_view>

namespace cucurbit::lab {

/// Whether names and numbers are made of such characters.
bool is_word(char c);

/// The text with comments, directives, the contents of literals and everything from system headers replaced by spaces;
/// as long as the text, with the same line ends. What is left is code, and may be searched for it.
std::string code_mask(std::string_view preprocessed);

}  // namespace cucurbit::lab
