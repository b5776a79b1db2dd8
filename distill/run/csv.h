#pragma once

#include <string>

namespace cucurbit {

/// A field of a CSV file (RFC 4180): `text`, quoted where it needs it.
inline std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted(1, '"');
  for (char c : text) quoted.append(c == '"' ? 2 : 1, c);
  quoted += '"';
  return quoted;
}

}  // namespace cucurbit
