#include "engine/io/safetensors_header.h"

#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "engine/io/byte_size.h"
#include "engine/io/join.h"
#include "kernels/error.h"

namespace cucurbit {
namespace {

using nlohmann::json;

constexpr std::string_view kMetadataKey = "__metadata__";
constexpr size_t kAlignment = 8;
constexpr int kDeepest = 3;  // header, tensor, shape

constexpr std::pair<DType, std::string_view> kTypeCodes[] = {{DType::f32, "F32"}, {DType::bf16, "BF16"},
                                                             {DType::f64, "F64"}, {DType::i32, "I32"},
                                                             {DType::i64, "I64"}, {DType::u8, "U8"}};

std::string_view type_code(DType dtype) {
  for (const auto& [type, code] : kTypeCodes) {
    if (type == dtype) return code;
  }
  throw Error(ErrorKind::bug, "[safetensors] an element type outside the enumeration: pass one of DType");
}

std::optional<DType> type_of(std::string_view text) {
  for (const auto& [type, code] : kTypeCodes) {
    if (code == text) return type;
  }
  return std::nullopt;
}

std::string checksum_prefix() { return fmt::format("\"{}\":\"", kChecksumKey); }

/// Refuses what the JSON parser accepts: keys that occur twice, and deep nesting, which would only cost memory.
class StrictKeys {
 public:
  explicit StrictKeys(const InputFile& file) : file_(file) {}

  bool operator()(int /*depth*/, json::parse_event_t event, json& parsed) {
    switch (event) {
      case json::parse_event_t::object_start:
        keys_.emplace_back();
        enter();
        break;
      case json::parse_event_t::object_end:
        keys_.pop_back();
        --depth_;
        break;
      case json::parse_event_t::array_start:
        enter();
        break;
      case json::parse_event_t::array_end:
        --depth_;
        break;
      case json::parse_event_t::key: {
        const auto& key = parsed.get_ref<const std::string&>();
        if (!keys_.back().insert(key).second) {
          file_.reject(fmt::format("{} occurs twice in the header: write the file again", quote_name(key)));
        }
        break;
      }
      case json::parse_event_t::value:
        break;
    }
    return true;
  }

 private:
  void enter() {
    if (++depth_ > kDeepest) file_.reject("the header is nested too deeply: the file is damaged: write it again");
  }

  const InputFile& file_;
  std::vector<std::set<std::string>> keys_;
  int depth_ = 0;
};

json parse_json(std::string_view text, const InputFile& file) {
  if (text.empty() || text.front() != '{') {
    file.reject("the header does not begin with '{': this is not a safetensors file, or it is damaged: write it again");
  }
  StrictKeys strict(file);
  try {
    return json::parse(text.begin(), text.end(), std::ref(strict));
  } catch (const json::parse_error& failure) {
    file.reject(
        fmt::format("the header is not valid JSON at byte {}: the file is damaged: write it again", failure.byte));
  } catch (const json::exception&) {
    file.reject("the header holds a number out of range: the file is damaged: write it again");
  }
}

Metadata parse_metadata(const json& value, const InputFile& file) {
  if (!value.is_object()) file.reject("__metadata__ is not an object: the file is damaged: write it again");
  Metadata metadata;
  for (const auto& [key, text] : value.items()) {
    if (!text.is_string()) {
      file.reject(fmt::format("the metadata {} is not text: write numbers as text", quote_name(key)));
    }
    metadata[key] = text.get<std::string>();
  }
  return metadata;
}

uint64_t parse_count(const json& value, const std::string& what, const InputFile& file) {
  constexpr auto kLargest = uint64_t(std::numeric_limits<int64_t>::max());
  if (!value.is_number_unsigned() || value.get<uint64_t>() > kLargest) {
    file.reject(
        fmt::format("{} is {}: expected an integer of 0 or more: the file is damaged: write it again", what,
                    value.is_primitive() ? value.dump(-1, ' ', true, json::error_handler_t::replace) : "a list"));
  }
  return value.get<uint64_t>();
}

DType parse_type(const std::string& tensor, const json& value, const InputFile& file) {
  if (!value.is_string()) file.reject(fmt::format("the dtype of {} is not text: write the file again", tensor));
  const auto& text = value.get_ref<const std::string&>();
  const std::optional<DType> type = type_of(text);
  if (!type) {
    file.reject(fmt::format("{} has elements of type {}: convert it to one of F32, BF16, F64, I32, I64, U8", tensor,
                            quote_name(text)));
  }
  return *type;
}

TensorEntry parse_entry(const std::string& name, const json& value, const InputFile& file) {
  const std::string tensor = quote_name(name);
  if (!value.is_object() || value.size() != 3 || !value.contains("dtype") || !value.contains("shape") ||
      !value.contains("data_offsets")) {
    file.reject(
        fmt::format("{} needs exactly dtype, shape and data_offsets: the file is damaged: write it again", tensor));
  }
  const json& shape = value["shape"];
  const json& offsets = value["data_offsets"];
  if (!shape.is_array() || !offsets.is_array() || offsets.size() != 2) {
    file.reject(
        fmt::format("the shape of {} must be a list and its data_offsets two numbers: the file is damaged: write "
                    "it again",
                    tensor));
  }
  TensorEntry entry;
  entry.name = name;
  entry.dtype = parse_type(tensor, value["dtype"], file);
  const std::string extent_name = "a dimension of " + tensor;
  for (const json& extent : shape) {
    entry.shape.push_back(int64_t(parse_count(extent, extent_name, file)));
  }
  entry.begin = parse_count(offsets[0], "the begin of " + tensor, file);
  entry.end = parse_count(offsets[1], "the end of " + tensor, file);

  const std::optional<uint64_t> size = byte_size(entry.dtype, entry.shape);
  if (!size || entry.end < entry.begin || entry.end - entry.begin != *size) {
    file.reject(fmt::format("{} of {} [{}] cannot lie from byte {} to {}: the file is damaged: write it again", tensor,
                            type_code(entry.dtype), join(entry.shape, ","), entry.begin, entry.end));
  }
  return entry;
}

void check_coverage(const std::vector<TensorEntry>& entries, uint64_t data_size, const InputFile& file) {
  uint64_t covered = 0;
  for (const TensorEntry& entry : entries) {
    if (entry.begin != covered) {
      file.reject(
          fmt::format("{} begins at byte {} of the data, the tensor before it ends at {}: the file is damaged: "
                      "write it again",
                      quote_name(entry.name), entry.begin, covered));
    }
    covered = entry.end;
  }
  if (covered != data_size) {
    file.reject(fmt::format("{}: the header announces {} bytes of data, the file has {}: copy or write it again",
                            covered > data_size ? "truncated" : "too long", covered, data_size));
  }
}

}  // namespace

std::string quote_name(std::string_view name) {
  constexpr size_t kLongest = 100;
  const std::string shown = name.size() > kLongest ? std::string(name.substr(0, kLongest)) + "..." : std::string(name);
  return json(shown).dump(-1, ' ', true, json::error_handler_t::replace);
}

std::string format_header(const SafetensorsHeader& header) {
  nlohmann::ordered_json root;
  auto& metadata = root[std::string(kMetadataKey)];
  metadata[std::string(kChecksumKey)] = std::string(kChecksumDigits, '0');
  metadata[std::string(kFormatKey)] = "1";
  for (const auto& [key, text] : header.metadata) metadata[key] = text;
  for (const TensorEntry& entry : header.entries) {
    auto& value = root[entry.name];
    value["dtype"] = type_code(entry.dtype);
    value["shape"] = entry.shape;
    value["data_offsets"] = {entry.begin, entry.end};
  }
  try {
    std::string text = root.dump();
    text.append((kAlignment - text.size() % kAlignment) % kAlignment, ' ');
    return text;
  } catch (const json::exception&) {
    throw Error(ErrorKind::bug, "[safetensors] a tensor name or metadata text is not UTF-8: encode it first");
  }
}

SafetensorsHeader parse_header(std::string_view text, uint64_t data_size, const InputFile& file) {
  const json root = parse_json(text, file);
  SafetensorsHeader header;
  for (const auto& [name, value] : root.items()) {
    if (name == kMetadataKey) {
      header.metadata = parse_metadata(value, file);
    } else {
      header.entries.push_back(parse_entry(name, value, file));
    }
  }
  std::sort(header.entries.begin(), header.entries.end(), [](const TensorEntry& a, const TensorEntry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  check_coverage(header.entries, data_size, file);
  return header;
}

size_t find_checksum(std::string_view text) {
  const std::string prefix = checksum_prefix();
  const size_t found = text.find(prefix);
  if (found == std::string_view::npos) return found;
  const size_t digits = found + prefix.size();
  return digits + kChecksumDigits < text.size() && text[digits + kChecksumDigits] == '"' ? digits
                                                                                         : std::string_view::npos;
}

}  // namespace cucurbit
