#include "lab/code_mask.h"

#include <algorithm>
#include <cctype>

namespace cucurbit::lab {
namespace {

/// A state machine over the text: each step blanks a comment, literal or directive, or moves on by one character.
class Masker {
 public:
  explicit Masker(std::string_view text) : text_(text), mask_(text) {}

  std::string run() {
    while (at_ < text_.size()) step();
    return std::move(mask_);
  }

 private:
  std::string_view rest() const { return text_.substr(at_); }

  void blank(size_t end) {
    for (end = std::min(end, text_.size()); at_ < end; ++at_)
      if (text_[at_] != '\n') mask_[at_] = ' ';
  }
  size_t end_of(std::string_view what, size_t from) const {
    const size_t found = text_.find(what, from);
    return found == std::string_view::npos ? text_.size() : found + what.size();
  }
  size_t line_end() const { return std::min(text_.find('\n', at_), text_.size()); }

  void step() {
    if (line_start_ && starts_directive()) return directive();
    const char c = text_[at_];
    if (c == '\n' || !std::isspace(static_cast<unsigned char>(c))) line_start_ = c == '\n';
    if (system_) return blank(at_ + 1);
    if (rest().starts_with("//")) return blank(line_end());
    if (rest().starts_with("/*")) return blank(end_of("*/", at_ + 2));
    if (c == '"') return is_raw() ? raw_string() : literal('"');
    if (c == '\'' && !in_number()) return literal('\'');
    ++at_;
  }

  bool starts_directive() const {
    const size_t first = text_.find_first_not_of(" \t", at_);
    return first != std::string_view::npos && text_[first] == '#';
  }
  /// A line marker reads `# LINE "FILE" FLAGS`; flag 3 is a system header.
  void directive() {
    const std::string_view line = text_.substr(at_, line_end() - at_);
    const size_t name = line.find('"');
    if (name != std::string_view::npos && line.find_first_of("0123456789") < name)
      system_ = line.find(" 3", line.rfind('"')) != std::string_view::npos;
    blank(line_end());
  }

  void literal(char quote) {
    size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != quote && text_[end] != '\n') end += text_[end] == '\\' ? 2 : 1;
    ++at_;
    blank(end);
    if (at_ < text_.size() && text_[at_] == quote) ++at_;
  }
  bool is_raw() const {
    if (at_ == 0 || text_[at_ - 1] != 'R') return false;
    size_t start = at_ - 1;
    while (start > 0 && is_word(text_[start - 1])) --start;
    const std::string_view prefix = text_.substr(start, at_ - 1 - start);
    return prefix.empty() || prefix == "L" || prefix == "u" || prefix == "U" || prefix == "u8";
  }
  void raw_string() {
    const size_t open = std::min(text_.find('(', at_), text_.size());
    const std::string close = ")" + std::string(text_.substr(at_ + 1, open - at_ - 1)) + "\"";
    blank(end_of(close, open));
  }
  /// Whether the quote is a digit separator, as in 1'000.
  bool in_number() const {
    size_t start = at_;
    while (start > 0 && (is_word(text_[start - 1]) || text_[start - 1] == '\'')) --start;
    return start < at_ && std::isdigit(static_cast<unsigned char>(text_[start])) != 0;
  }

  std::string_view text_;
  std::string mask_;
  size_t at_ = 0;
  bool line_start_ = true, system_ = false;
};

}  // namespace

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::string code_mask(std::string_view preprocessed) { return Masker(preprocessed).run(); }

}  // namespace cucurbit::lab
