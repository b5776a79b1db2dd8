#pragma once

// Options as data. From the rows come what CLI11 parses, --help, the variables of the environment, args.toml and
// docs/options.md: an option is added by adding a row to a table of cli/options/.

#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "engine/enum_names.h"

namespace cucurbit::cli {

/// The value of an option that is one of several names.
struct Choice {
  std::vector<std::string> names;
  std::function<std::string()> get;
  std::function<void(const std::string&)> set;
};

/// One of the names of an enumeration.
template <class E>
Choice choice(E& value) {
  return {all_names<E>(), [&value] { return name_of(value); },
          [&value](const std::string& n) { set_by_name(value, n); }};
}
/// One of `names`, kept as text.
Choice choice(std::string& value, std::vector<std::string> names);

/// Where the value of an option is kept, which also holds its default. A flag is a bool.
using Value = std::variant<bool*, int*, int64_t*, uint64_t*, double*, std::string*, std::vector<int64_t>*,
                           std::vector<double>*, std::vector<std::string>*, Choice>;

/// What numbers are allowed, each of a list.
struct Range {
  double low = -INFINITY, high = INFINITY;
  bool above = false;  // `low` itself is not allowed
};
inline constexpr Range kPositive{.low = 0, .above = true};
inline constexpr Range kNotNegative{.low = 0};
inline constexpr Range kShare{.low = 0, .high = 1};

/// "above 0", "from 0 to 1" and so on; empty without limits.
std::string describe(const Range& range);
/// What is wrong with `text` as a number of this range; empty if nothing is.
std::string number_error(const Range& range, const std::string& text);

struct Option {
  /// "-b,--batch-size". A name without dashes says that the value may be given by position as well; only so, if there
  /// is no other.
  std::string names;
  std::string help;  // a sentence without its full stop
  Value value;
  Range range = {};
  bool required = false;
  size_t count = 0;  // of the values of a list; 0: any number
  std::string group = "Options";

  std::vector<std::string> all_names() const;
  /// The name that files and the environment know: the first long one, without its dashes; empty if there is none.
  std::string key() const;
};

/// `rows` as those of a group of --help.
std::vector<Option> grouped(const std::string& group, std::vector<Option> rows);
/// The tables, one after the other.
std::vector<Option> joined(std::initializer_list<std::vector<Option>> tables);

/// "CUCURBIT_BATCH_SIZE"; empty for options without a key, and for --data-dir: CUCURBIT_DATA_DIR is the folder where
/// named sets are looked for.
std::string variable_of(const Option& option);

}  // namespace cucurbit::cli
