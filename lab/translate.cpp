#include "lab/translate.h"

#include <algorithm>
#include <cctype>
#include <regex>

#include "lab/code_mask.h"

/// Finds launches and declarations of dynamic shared memory in the text and rewrites them.

namespace cucurbit::lab {
namespace {

constexpr size_t kNone = std::string::npos;

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

size_t skip_space(const std::string& code, size_t at) {
  while (at < code.size() && is_space(code[at])) ++at;
  return at;
}
size_t skip_space_back(const std::string& code, size_t end) {
  while (end > 0 && is_space(code[end - 1])) --end;
  return end;
}
size_t word_start(const std::string& code, size_t end) {
  while (end > 0 && is_word(code[end - 1])) --end;
  return end;
}
bool ends_with(const std::string& code, size_t end, std::string_view what) {
  return end >= what.size() && code.compare(end - what.size(), what.size(), what) == 0;
}

/// The position of the bracket that matches the ), ] or > just before `end`; kNone if there is none.
size_t opening(const std::string& code, size_t end) {
  const bool angle = code[end - 1] == '>';
  int angles = 0;
  int others = 0;
  for (size_t at = end; at-- > 0;) {
    const char c = code[at];
    if (c == ';' || c == '{' || c == '}') return kNone;
    if (c == ')' || c == ']') ++others;
    if (c == '(' || c == '[') --others;
    if (others == 0 && c == '>' && !ends_with(code, at + 1, "->")) ++angles;
    if (others == 0 && c == '<') --angles;
    if (others == 0 && (!angle || angles == 0)) return at;
    if (others < 0) return kNone;
  }
  return kNone;
}

/// The position of the bracket that matches the one at `open`; kNone if there is none.
size_t closing(const std::string& code, size_t open) {
  int depth = 0;
  for (size_t at = open; at < code.size(); ++at) {
    if (code[at] == '(' || code[at] == '[' || code[at] == '{') ++depth;
    if (code[at] == ')' || code[at] == ']' || code[at] == '}') --depth;
    if (depth == 0) return at;
  }
  return kNone;
}

/// The start of the expression before `end` that names a kernel: a name with template arguments and scopes, an array
/// element, a member, or an expression in parentheses.
size_t kernel_start(const std::string& code, size_t end) {
  size_t at = skip_space_back(code, end);
  while (at > 0) {
    if (code[at - 1] == '>' || code[at - 1] == ']' || code[at - 1] == ')') {
      at = opening(code, at);
      if (at == kNone) return kNone;
    }
    const size_t before = skip_space_back(code, at);
    const std::string word = code.substr(word_start(code, before), before - word_start(code, before));
    if (word != "return" && word != "if" && word != "else" && word != "while" && word != "for" && !word.empty())
      at = before - word.size();
    size_t previous = skip_space_back(code, at);
    if (ends_with(code, previous, "template")) previous = skip_space_back(code, previous - 8);
    if (ends_with(code, previous, "::")) {
      at = previous - 2;
      const size_t scope = skip_space_back(code, at);
      if (scope == 0 || (!is_word(code[scope - 1]) && code[scope - 1] != '>')) return at;
      at = scope;
    } else if (ends_with(code, previous, "->")) {
      at = skip_space_back(code, previous - 2);
    } else if (ends_with(code, previous, ".")) {
      at = skip_space_back(code, previous - 1);
    } else {
      return at;
    }
  }
  return at;
}

/// The position of the >>> that ends the launch configuration starting at `at`; kNone if no list of arguments follows.
size_t configuration_end(const std::string& code, size_t at) {
  for (; at < code.size(); ++at) {
    const char c = code[at];
    if (c == '(' || c == '[' || c == '{') {
      at = closing(code, at);
      if (at == kNone) return kNone;
    } else if (c == ')' || c == ';' || c == '}') {
      return kNone;
    } else if (code.compare(at, 3, ">>>") == 0) {
      while (at + 3 < code.size() && code[at + 3] == '>') ++at;
      const size_t next = skip_space(code, at + 3);
      return next < code.size() && code[next] == '(' ? at : kNone;
    }
  }
  return kNone;
}

/// The lines that begin with #; all other lines are appended to `rest`.
std::string directives(std::string_view text, std::string& rest) {
  std::string found;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    (text.starts_with('#') ? found : rest) += text.substr(0, end);
    text.remove_prefix(end);
  }
  return found;
}

class Translator {
 public:
  explicit Translator(std::string_view text) : text_(text), code_(code_mask(text)) {}

  Translation run() {
    for (size_t at = 0; at < code_.size(); ++at) {
      const char c = code_[at];
      if (c == '{') {
        scopes_.push_back(opens_namespace(at));
      } else if (c == '}' && !scopes_.empty()) {
        scopes_.pop_back();
      } else if (c == '<' && code_.compare(at, 3, "<<<") == 0) {
        at = launch(at);
      } else if (c == 'e' && code_.compare(at, 6, "extern") == 0 && is_whole_word(at, 6)) {
        at = external(at);
      }
    }
    result_.text += text_.substr(done_);
    return std::move(result_);
  }

 private:
  bool is_whole_word(size_t at, size_t size) const {
    return (at == 0 || !is_word(code_[at - 1])) && (at + size >= code_.size() || !is_word(code_[at + size]));
  }

  bool opens_namespace(size_t brace) const {
    const size_t before = brace == 0 ? kNone : code_.find_last_of(";{}", brace - 1);
    const size_t start = skip_space(code_, before == kNone ? 0 : before + 1);
    const std::string head = code_.substr(start, brace - start);
    static const std::regex pattern(R"(\bnamespace\b|\bextern\s*"[^"]*"\s*$)");
    return std::regex_search(head, pattern);
  }
  bool in_function() const { return std::find(scopes_.begin(), scopes_.end(), false) != scopes_.end(); }

  /// Replaces text and keeps the line numbers of what follows: the line ends of the removed text are appended or, where
  /// a macro from a system header has brought line markers into it, the last of these markers.
  void replace(size_t begin, size_t end, const std::string& by) {
    result_.text += text_.substr(done_, begin - done_);
    result_.text += by;
    std::string rest;
    const std::string markers = directives(text_.substr(begin, end - begin), rest);
    if (markers.empty())
      result_.text.append(size_t(std::count(rest.begin(), rest.end(), '\n')), '\n');
    else
      result_.text += '\n' + markers.substr(markers.rfind('#', markers.size() - 2));
    done_ = end;
  }

  /// Translates the launch whose <<< is at `open`. Returns the position after which to continue.
  size_t launch(size_t open) {
    const size_t begin = kernel_start(code_, open), close = configuration_end(code_, open + 3);
    if (begin == kNone || begin < done_ || close == kNone || skip_space_back(code_, open) == begin) return open + 2;
    std::string kernel;
    directives(text_.substr(begin, skip_space_back(code_, open) - begin), kernel);
    if (kernel.starts_with("operator")) return open + 2;
    std::replace(kernel.begin(), kernel.end(), '\n', ' ');
    std::string quoted;
    for (const char c : kernel) quoted += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
    replace(begin, open + 3,
            "::lab::detail::launch<" + std::to_string(result_.launches.size()) + ">(\"" + quoted +
                "\", [=](auto lab_address) -> decltype(lab_address(" + kernel + ")) { return lab_address(" + kernel +
                "); }, [=](auto... lab_arguments) { " + kernel + "(lab_arguments...); }, ");
    replace(close, close + 3, ")");
    result_.launches.push_back(kernel);
    return close + 2;
  }

  /// Translates `extern __shared__ T name[]`. The preprocessor may already have expanded __shared__ to `static ...`,
  /// which never follows extern otherwise. Returns the position after which to continue.
  size_t external(size_t begin) {
    const size_t end = code_.find_first_of(";{}", begin);
    if (end == kNone || code_[end] != ';') return begin + 5;
    std::string declaration;
    directives(text_.substr(begin, end - begin), declaration);
    static const std::regex shared(R"(\b(__shared__|static)\b)"), array(R"(^([\s\S]*?)(\w+)\s*\[\s*\]([\s\S]*)$)");
    if (!std::regex_search(declaration, shared)) return begin + 5;
    static const std::regex dropped(
        R"(\b(extern|__shared__|static|thread_local|constinit)\b|(\b__attribute__\s*\(\(([^()]|\([^()]*\))*\)\))|\b(alignas|__align__)\s*\([^()]*\)|\s+$|\n)");
    declaration = std::regex_replace(declaration, dropped, " ");
    std::smatch parts;
    if (!std::regex_match(declaration, parts, array)) return begin + 5;
    // The element needs an alias because its type may be an array, as in T name[][32].
    const std::string type = parts[1], name = parts[2], rows = parts[3], element = "lab_element_of_" + name;
    const std::string pointer =
        in_function() ? element + "* " + name + " = static_cast<" + element + "*>(softgpu::dynamic_shared_memory())"
                      : "static ::lab::detail::DynamicShared<" + element + "> " + name;
    replace(begin, end, "typedef" + type + element + rows + "; " + pointer);
    return end;
  }

  std::string_view text_;
  std::string code_;
  Translation result_;
  size_t done_ = 0;           ///< everything before this position is in the result
  std::vector<bool> scopes_;  ///< for every open brace, whether it belongs to a namespace
};

}  // namespace

Translation translate(std::string_view preprocessed) { return Translator(preprocessed).run(); }

}  // namespace cucurbit::lab
